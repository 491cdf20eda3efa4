using Etr.Core.Steps;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Rollouts;

/// <summary>What an engine asks about tokens, looked up once for the whole vocabulary.</summary>
internal sealed class PolicyVocabulary
{
    private readonly IPolicyTokenizer _tokenizer;
    private readonly string[] _texts;
    private readonly bool[] _ends;
    private readonly bool[] _breaks;
    private readonly int? _begin;

    public PolicyVocabulary(ModelConfig config, IPolicyTokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _begin = config.BeginToken;
        ContextLength = config.ContextLength;
        _texts = [.. Enumerable.Range(0, config.VocabularySize).Select(tokenizer.TextOf)];
        _ends = [.. Enumerable.Range(0, config.VocabularySize).Select(config.EndTokens.Concat(tokenizer.EndTokens).Contains)];
        _breaks = [.. _texts.Select(text => text.Contains(StepSegmenter.Delimiter, StringComparison.Ordinal))];
    }

    /// <summary>Ids the model has logits for.</summary>
    public int Size => _texts.Length;

    /// <summary>Longest sequence, prompt and trace together.</summary>
    public int ContextLength { get; }

    public IReadOnlyList<int> EncodePrompt(string text) => CheckPrompt(_tokenizer.EncodePrompt(text, _begin));

    /// <exception cref="ArgumentException">There is none, or one is not a token of the policy.</exception>
    public IReadOnlyList<int> CheckPrompt(IReadOnlyList<int> ids)
    {
        if (ids.Count == 0)
        {
            throw new ArgumentException("the prompt has no tokens", nameof(ids));
        }

        return ids.Any(id => id < 0 || id >= Size)
            ? throw new ArgumentException($"the prompt has a token outside the policy's {Size}", nameof(ids))
            : ids;
    }

    /// <summary>The text of one trace, a token at a time.</summary>
    public TokenText OpenText() => new(_tokenizer);

    public bool Ends(int id) => _ends[id];

    /// <summary>Whether the token's own text holds a blank line.</summary>
    public bool Breaks(int id) => _breaks[id];
}
