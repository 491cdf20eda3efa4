using System.Text.RegularExpressions;

namespace Etr.Policy.Tokenizers;

/// <summary>A fixed list of text pieces, a token each; at each place the longest piece that fits is taken.</summary>
public sealed class PieceTokenizer : IPolicyTokenizer
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly string[] _texts;
    private readonly Regex _pieces;

    /// <summary>A tokenizer over <paramref name="pieces"/> and <paramref name="specials"/>, whose ids must be distinct.</summary>
    /// <exception cref="ArgumentException">There is no piece, one is empty, or an id or text occurs twice or is negative.</exception>
    public PieceTokenizer(IReadOnlyDictionary<string, int> pieces, IReadOnlyDictionary<string, int> specials)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        ArgumentNullException.ThrowIfNull(specials);
        if (pieces.Count == 0 || pieces.Keys.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("a vocabulary needs pieces, none of them empty", nameof(pieces));
        }

        List<int> ids = [.. pieces.Values, .. specials.Values];
        if (ids.Min() < 0 || ids.Max() >= ids.Count * 2 || ids.Distinct().Count() != ids.Count || specials.Keys.Any(pieces.ContainsKey))
        {
            throw new ArgumentException("each text and each id of a vocabulary occurs once, and ids are nearly dense", nameof(pieces));
        }

        Pieces = pieces;
        Specials = specials;
        _texts = [.. Enumerable.Repeat("", ids.Max() + 1)];
        foreach ((string text, int id) in pieces)
        {
            _ids.Add(text, id);
            _texts[id] = text;
        }

        // Linear in the text whatever the pieces are: the file they come from is not trusted.
        _pieces = new Regex(Pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
    }

    /// <summary>Pieces and their ids.</summary>
    public IReadOnlyDictionary<string, int> Pieces { get; }

    /// <summary>Special tokens and their ids.</summary>
    public IReadOnlyDictionary<string, int> Specials { get; }

    /// <inheritdoc/>
    public int VocabularySize => _texts.Length;

    /// <summary>The regular expression that finds the next piece: all of them, longest first.</summary>
    public string Pattern => string.Join('|', Pieces.Keys
        .OrderByDescending(piece => piece.Length).ThenBy(piece => piece, StringComparer.Ordinal).Select(Regex.Escape));

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        int end = 0;
        foreach (ValueMatch match in _pieces.EnumerateMatches(text))
        {
            if (match.Index != end)
            {
                break;
            }

            ids.Add(_ids[text.Substring(match.Index, match.Length)]);
            end += match.Length;
        }

        return end == text.Length
            ? ids
            : throw new ArgumentException($"no token of the policy's vocabulary begins the text at character {end}: '{Excerpt(text, end)}'", nameof(text));
    }

    /// <inheritdoc/>
    public string TextOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return id < _texts.Length ? _texts[id] : "";
    }

    private static string Excerpt(string text, int start) => text.Substring(start, Math.Min(12, text.Length - start));
}
