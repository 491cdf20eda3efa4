using Etr.Core.Rollouts;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Chat;

namespace Etr.Silo.RemoteSamplers;

/// <summary>What a remote sampler knows of a model without loading it: its tokens and how long a sequence may be.</summary>
internal sealed class RemoteModel
{
    private readonly IPolicyTokenizer _tokenizer;
    private readonly HashSet<int> _ends;
    private readonly int? _begin;

    public RemoteModel(ModelConfig config, IPolicyTokenizer tokenizer)
    {
        (Config, _tokenizer, _begin) = (config, tokenizer, config.BeginToken);
        _ends = [.. config.EndTokens, .. tokenizer.EndTokens];
    }

    /// <summary>Its shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Reads a model's folder.</summary>
    /// <param name="folder">A folder with <c>config.json</c> and <c>tokenizer.json</c>.</param>
    /// <param name="template"><c>Etr:Policy:Template</c>.</param>
    public static RemoteModel Open(string folder, string template) =>
        new(ModelConfig.Read(Path.Combine(folder, ModelFiles.Config)), PromptTokenizer.Open(folder, template));

    /// <summary>The prompt's ids.</summary>
    /// <exception cref="ArgumentException">It has none, or leaves no room for a trace.</exception>
    public IReadOnlyList<int> Encode(RolloutRequest request)
    {
        IReadOnlyList<int> ids = request.PromptTokens ?? _tokenizer.EncodePrompt(request.Prompt, _begin);
        if (ids.Count == 0)
            throw new ArgumentException("the prompt has no tokens");
        if (ids.Any(id => id < 0 || id >= Config.VocabularySize))
            throw new ArgumentException($"the prompt has a token outside the policy's {Config.VocabularySize}");
        return ids.Count < Config.ContextLength
            ? ids
            : throw new ArgumentException($"the prompt has {ids.Count} tokens and the policy's context is {Config.ContextLength}");
    }

    /// <summary>The text of one token by itself.</summary>
    public string TextOf(int id) => _tokenizer.TextOf(id);

    /// <summary>Whether a token ends a trace.</summary>
    public bool Ends(int id) => _ends.Contains(id);

    /// <summary>The text of one trace, a token at a time.</summary>
    public TokenText OpenText() => new(_tokenizer);
}
