namespace Etr.Policy.Tokenizers;

/// <summary>Turns text into a policy's token ids and back.</summary>
public interface IPolicyTokenizer
{
    /// <summary>Number of ids, special ones included.</summary>
    int VocabularySize { get; }

    /// <summary>The ids of a text; no special token is added.</summary>
    /// <exception cref="ArgumentException">The text holds something the vocabulary has no token for.</exception>
    IReadOnlyList<int> Encode(string text);

    /// <summary>The text one token adds; empty for a special token or an id the vocabulary leaves free.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    string TextOf(int id);

    /// <summary>The text of a sequence; special tokens add nothing.</summary>
    string Decode(IEnumerable<int> ids) => string.Concat(ids.Select(TextOf));
}
