using System.Text;
using Etr.Policy.Tokenizers.Normalization;
using Microsoft.ML.Tokenizers;

namespace Etr.Policy.Tokenizers.ByteLevel;

/// <summary>
/// Byte-level BPE, the tokenizer of the Qwen, Llama 3 and DeepSeek families: text is normalised, cut by the family's patterns, and
/// in each stretch bytes are merged by rank. Every text has tokens, and every text comes back. Safe to use from many threads.
/// </summary>
public sealed class ByteLevelTokenizer : IPolicyTokenizer
{
    /// <summary>Most characters of a text.</summary>
    public const int LongestText = 16_000_000;

    /// <summary>Most characters of a stretch that no pattern cuts: merging takes time in its square, half a second here.</summary>
    public const int LongestStretch = 65_536;

    // A token longer than this is merged like any other.
    private const int LongestWhole = 256;

    private readonly ByteLevelParts _parts;
    private readonly BpeTokenizer _merges;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _whole;
    private readonly AddedTokens _raw;
    private readonly AddedTokens? _normalized;
    private readonly string[] _texts;
    private readonly ReadOnlyMemory<byte>[] _partial;

    /// <exception cref="ArgumentException">The parts do not fit together.</exception>
    /// <exception cref="InvalidOperationException">The library refuses them.</exception>
    internal ByteLevelTokenizer(ByteLevelParts parts)
    {
        _parts = parts;
        _merges = BpeTokenizer.Create(new BpeOptions(parts.Vocabulary) { Merges = parts.Merges, ByteLevel = true });
        if (parts.WholeFirst)
        {
            var whole = new Dictionary<string, int>(parts.Vocabulary, StringComparer.Ordinal);
            foreach (AddedToken token in parts.Added)
                whole.Remove(token.Content);
            _whole = whole.GetAlternateLookup<ReadOnlySpan<char>>();
        }

        _raw = new AddedTokens(parts.Added.Where(token => !token.IsNormalized));
        _normalized = parts.Added.Any(token => token.IsNormalized) ? new AddedTokens(parts.Added.Where(token => token.IsNormalized)) : null;
        _texts = [.. Enumerable.Repeat("", 1 + parts.Vocabulary.Values.Concat(parts.Added.Select(token => token.Id)).Max())];
        _partial = new ReadOnlyMemory<byte>[_texts.Length];
        SpellOut();
    }

    /// <inheritdoc/>
    public int VocabularySize => _texts.Length;

    /// <summary>The token that the file puts before every text of a model without a template; null where it puts none.</summary>
    public int? BeginToken => _parts.BeginToken;

    /// <summary>The id of an added token, found by its text; null where there is none.</summary>
    public int? AddedTokenId(string content) => _parts.Added.FirstOrDefault(token => token.Content == content)?.Id;

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(MarkedText.Given(text));
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(MarkedText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Check(text.Text);
        var ids = new List<int>(text.Length / 3 + 1);
        if (text.IsAllGiven)
        {
            EncodeStretch(Normalize(text.Text), ids);
            return ids;
        }

        foreach ((MarkedText stretch, int token) in _raw.Split(text))
        {
            if (token >= 0)
                ids.Add(token);
            else
                EncodeBetween(stretch, ids);
        }

        return ids;
    }

    /// <summary>As the interface has it, but what the file says of a first token counts, and not the model's configuration.</summary>
    public IReadOnlyList<int> EncodePrompt(string text, int? begin) => BeginToken is int token ? [token, .. Encode(text)] : Encode(text);

    /// <inheritdoc/>
    public string TextOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return id < _texts.Length ? _texts[id] : "";
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> PartOf(int id) => id >= 0 && id < _partial.Length ? _partial[id] : default;

    // Tokens that are looked for in normalised text. Where template and prompt are mixed and the form changes, marks cannot follow
    // the characters, and the tokens are looked for before: a template's tokens are not written in another form.
    private void EncodeBetween(MarkedText text, List<int> ids)
    {
        if (_normalized is null)
        {
            EncodeStretch(Normalize(text.Text), ids);
            return;
        }

        string normal = Normalize(text.Text);
        bool same = ReferenceEquals(normal, text.Text);
        foreach ((MarkedText stretch, int token) in _normalized.Split(same || !text.IsAllControl ? text : MarkedText.Control(normal)))
        {
            if (token >= 0)
                ids.Add(token);
            else
                EncodeStretch(same ? stretch.Text : Normalize(stretch.Text), ids);
        }
    }

    private void EncodeStretch(string text, List<int> ids)
    {
        foreach ((int start, int length) in _parts.Patterns.Split(text))
        {
            ReadOnlySpan<char> piece = text.AsSpan(start, length);
            if (_whole is not null && TryWhole(piece, out int id))
            {
                ids.Add(id);
                continue;
            }

            if (length > LongestStretch)
                throw new ArgumentException($"{length} characters in a row without a break, more than {LongestStretch}", nameof(text));
            ids.AddRange(_merges.EncodeToIds(piece, considerPreTokenization: false, considerNormalization: false));
        }
    }

    private bool TryWhole(ReadOnlySpan<char> piece, out int id)
    {
        Span<char> spelled = stackalloc char[LongestWhole];
        id = -1;
        return piece.Length <= LongestWhole && ByteAlphabet.TrySpell(piece, spelled, out int length) && _whole!.Value.TryGetValue(spelled[..length], out id);
    }

    private string Normalize(string text) => _parts.Composes ? CanonicalComposition.Normalize(text) : text;

    private static void Check(string text)
    {
        if (text.Length > LongestText)
            throw new ArgumentException($"a text of {text.Length} characters, more than {LongestText}", nameof(text));
        int first = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        for (int at = first; at >= 0 && at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at]))
                continue;
            if (!char.IsHighSurrogate(text[at]) || at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]))
                throw new ArgumentException($"half a character (a lone surrogate) at {at}", nameof(text));
            at++;
        }
    }

    private void SpellOut()
    {
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        foreach ((string token, int id) in _parts.Vocabulary)
        {
            byte[] bytes = ByteAlphabet.BytesOf(token);
            try
            {
                _texts[id] = strict.GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                _texts[id] = Encoding.UTF8.GetString(bytes);
                _partial[id] = bytes;
            }
        }

        foreach (AddedToken token in _parts.Added)
        {
            _texts[token.Id] = token.IsSpecial ? "" : token.Content;
            _partial[token.Id] = default;
        }
    }
}

/// <summary>What a byte-level tokenizer is made of.</summary>
/// <param name="Vocabulary">Tokens in the byte alphabet, and their ids.</param>
/// <param name="Merges">Pairs with a space between, best first.</param>
/// <param name="Added">Added tokens.</param>
/// <param name="Patterns">How text is cut.</param>
/// <param name="Composes">Whether text is brought into Normalization Form C.</param>
/// <param name="WholeFirst">Whether a stretch that is a token is that token, whatever merging would make of it.</param>
/// <param name="BeginToken">What the file puts before a text, if anything.</param>
internal sealed record ByteLevelParts(
    Dictionary<string, int> Vocabulary,
    IReadOnlyList<string> Merges,
    IReadOnlyList<AddedToken> Added,
    SplitPatterns Patterns,
    bool Composes,
    bool WholeFirst,
    int? BeginToken);
