using Etr.Core.Prompts;
using Etr.Core.Tasks;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Chat;
using Etr.Silo.Cli;

namespace Etr.Silo.Datasets;

/// <summary>Counts what a policy reads of a prompt, before a run is started with it.</summary>
internal sealed class PolicyPromptMeasure : IPromptMeasure
{
    // Where template and prompt meet, tokens of the one may come apart into bytes.
    private const int Seam = 64;
    private const int MostGenerated = 1024;

    private readonly IPolicyTokenizer _tokenizer;
    private readonly ModelConfig _config;
    private readonly int? _around;

    /// <summary>Opens a policy's tokenizer.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="template"><c>Etr:Policy:Template</c>.</param>
    /// <param name="config">The model's shape.</param>
    /// <exception cref="Policy.Checkpoints.CheckpointException">A file of it is not as it should be.</exception>
    public PolicyPromptMeasure(string folder, string template, ModelConfig config)
        : this(PromptTokenizer.Open(folder, template), config)
    {
    }

    internal PolicyPromptMeasure(IPolicyTokenizer tokenizer, ModelConfig config)
    {
        (_tokenizer, _config) = (tokenizer, config);

        // Bytes always have tokens, and no more than one each; a list of pieces may lack some.
        _around = tokenizer is PromptTokenizer ? tokenizer.EncodePrompt("?", config.BeginToken).Count + Seam : null;
    }

    /// <inheritdoc/>
    public int Room => _config.ContextLength - 1;

    /// <inheritdoc/>
    public int Tokens(string prompt, int enough)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (_around is int around && prompt.Length + around <= enough && System.Text.Ascii.IsValid(prompt))
            return prompt.Length + around;
        IReadOnlyList<int> ids = _tokenizer.EncodePrompt(prompt, _config.BeginToken);
        if (ids.Count == 0)
            throw new ArgumentException("it has no tokens");
        return ids.All(id => id < _config.VocabularySize) ? ids.Count : throw new ArgumentException($"it has a token outside the policy's {_config.VocabularySize}");
    }

    /// <summary>Refuses a generated task whose prompts the policy can't read: each of its first ones, among which every style is.</summary>
    /// <exception cref="CommandFailure">It can't read one, which is named.</exception>
    public void Require(IPromptSet? prompts)
    {
        for (int index = 0; prompts is not null && index < Math.Min(prompts.Count, MostGenerated); index++)
        {
            PromptItem item = prompts[index];
            try
            {
                if (Tokens(item.Text, Room) is int tokens && tokens > Room)
                    throw new CommandFailure($"prompt '{item.Id}' of {prompts.Name} has {tokens} tokens, and the policy's context leaves room for {Room}");
            }
            catch (ArgumentException e)
            {
                throw new CommandFailure(
                    $"the policy can't read prompt '{item.Id}' of {prompts.Name}: {e.Message.Split(" (Parameter ")[0]}: its tokenizer was not made for this task (docs/tasks.md says which policy goes with which styles)", inner: e);
            }
        }
    }
}
