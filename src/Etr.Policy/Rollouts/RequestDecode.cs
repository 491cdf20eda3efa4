using Etr.Core.Rollouts;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Rollouts;

/// <summary>A request as an engine works on it: its prompt as token ids and its slots as they stand.</summary>
internal sealed class RequestDecode
{
    private readonly PolicyVocabulary _vocabulary;

    /// <exception cref="ArgumentException">The prompt has no tokens, text outside the vocabulary, or no room for an answer; or there is no slot.</exception>
    public RequestDecode(RolloutRequest source, PolicyVocabulary vocabulary)
    {
        Source = source;
        _vocabulary = vocabulary;
        Prompt = source.PromptTokens is { } given ? vocabulary.CheckPrompt(given) : vocabulary.EncodePrompt(source.Prompt);
        int room = vocabulary.ContextLength - Prompt.Count;
        if (room < 1)
        {
            throw new ArgumentException($"the prompt has {Prompt.Count} tokens and the policy's context is {vocabulary.ContextLength}");
        }

        LongestTrace = Math.Min(source.Sampling.MaxNewTokens, room);
        if (source.Slots.Count == 0)
        {
            throw new ArgumentException("the request has no slot");
        }

        if (source.Slots.SelectMany(slot => slot.Prefix).Any(token => token.Id < 0 || token.Id >= vocabulary.Size))
        {
            throw new ArgumentException($"a prefix holds a token outside the policy's {vocabulary.Size}");
        }

        if (source.Slots.Any(slot => slot.Prefix.Count > LongestTrace))
        {
            throw new ArgumentException($"a prefix is longer than a trace may be ({LongestTrace} tokens)");
        }

        Slots = [.. source.Slots.Select(slot => new SlotDecode(this, slot))];
    }

    public RolloutRequest Source { get; }

    public IReadOnlyList<int> Prompt { get; }

    public IReadOnlyList<SlotDecode> Slots { get; }

    /// <summary>Most tokens a trace of it may have: the request's limit or what the context leaves.</summary>
    public int LongestTrace { get; }

    public bool Ends(int id) => _vocabulary.Ends(id);

    public bool Breaks(int id) => _vocabulary.Breaks(id);

    public TokenText OpenText() => _vocabulary.OpenText();
}
