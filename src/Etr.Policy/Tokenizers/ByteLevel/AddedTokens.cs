using System.Buffers;

namespace Etr.Policy.Tokenizers.ByteLevel;

/// <summary>An added token: one that is found in the text before anything is split.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsSpecial">Whether it adds nothing to decoded text.</param>
/// <param name="IsNormalized">Whether it is looked for in the normalised text.</param>
internal sealed record AddedToken(string Content, int Id, bool IsSpecial, bool IsNormalized);

/// <summary>Finds added tokens in a text: the leftmost one, of those that begin there the longest, and so on behind it.</summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;
    private readonly SearchValues<string> _any;
    private readonly int[] _lengths;

    public AddedTokens(IEnumerable<AddedToken> tokens)
    {
        var ids = tokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        _ids = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _any = SearchValues.Create([.. ids.Keys], StringComparison.Ordinal);
        _lengths = [.. ids.Keys.Select(content => content.Length).Distinct().OrderDescending()];
    }

    /// <summary>Cuts a text at the tokens that lie in control text; a token of -1 with each stretch between two.</summary>
    public IEnumerable<(MarkedText Text, int Token)> Split(MarkedText text)
    {
        int end = 0;
        for (int at = 0; _lengths.Length > 0 && at < text.Length;)
        {
            int found = text.Text.AsSpan(at).IndexOfAny(_any);
            if (found < 0)
                break;
            at += found;
            if (!TryMatch(text, at, out int length, out int id))
            {
                at++;
                continue;
            }

            if (at > end)
                yield return (text.Slice(end, at - end), -1);
            yield return (text.Slice(at, length), id);
            at += length;
            end = at;
        }

        if (end < text.Length)
            yield return (text.Slice(end, text.Length - end), -1);
    }

    private bool TryMatch(MarkedText text, int at, out int length, out int id)
    {
        foreach (int candidate in _lengths)
        {
            if (at + candidate <= text.Length && text.IsControl(at, candidate) && _ids.TryGetValue(text.Text.AsSpan(at, candidate), out id))
            {
                length = candidate;
                return true;
            }
        }

        (length, id) = (0, -1);
        return false;
    }
}
