using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Etr.Policy.Tokenizers.ByteLevel;

/// <summary>
/// The regular expressions that cut a text into the stretches within which tokens are merged, each applied to what the one before
/// left. They come from a file: what they may cost is bounded, when they are read and whenever they run.
/// </summary>
internal sealed class SplitPatterns
{
    /// <summary>Most patterns.</summary>
    public const int Most = 8;

    /// <summary>Most characters of one.</summary>
    public const int Longest = 4096;

    private const int ProbeLength = 2048;
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestSplit = TimeSpan.FromSeconds(20);

    // Runs and near-runs of what the classes of such patterns overlap in, each with an end that makes a greedy start fail.
    private static readonly string[] Probes = ["a", "A", "1", " ", "\n", "\r\n", " \n", "!", "'s", "a1", "a ", "\u00E9", "\u4E00", "\u0301"];

    private readonly Regex[] _patterns;

    /// <exception cref="ArgumentException">A pattern is none, too long, or takes too long.</exception>
    public SplitPatterns(IEnumerable<string> patterns)
    {
        _patterns = [.. patterns.Select(Compile)];
        foreach (string probe in Probes)
            Split(string.Concat(Enumerable.Repeat(probe, ProbeLength / probe.Length)) + "!x\u00A7");
    }

    /// <summary>Where each stretch starts and how long it is; together they are the whole text.</summary>
    /// <exception cref="ArgumentException">A pattern takes too long on this text.</exception>
    public List<(int Start, int Length)> Split(string text)
    {
        var plain = new PlainCharacters(text);
        long start = Stopwatch.GetTimestamp();
        List<(int Start, int Length)> pieces = [(0, plain.Text.Length)];
        try
        {
            foreach (Regex pattern in _patterns)
                pieces = Split(plain.Text, pieces, pattern, start);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ArgumentException("the tokenizer's split pattern takes too long on this text", nameof(text), e);
        }

        return ReferenceEquals(plain.Text, text)
            ? pieces
            : [.. pieces.Select(piece => (plain.Original(piece.Start), plain.Original(piece.Start + piece.Length) - plain.Original(piece.Start)))];
    }

    private static List<(int Start, int Length)> Split(string text, List<(int Start, int Length)> pieces, Regex pattern, long began)
    {
        var result = new List<(int, int)>(Math.Max(pieces.Count, text.Length / 4));
        foreach ((int start, int length) in pieces)
        {
            int end = 0;
            foreach (ValueMatch match in pattern.EnumerateMatches(text.AsSpan(start, length)))
            {
                if (match.Length == 0)
                    continue;
                if (match.Index > end)
                    result.Add((start + end, match.Index - end));
                result.Add((start + match.Index, match.Length));
                end = match.Index + match.Length;
                if (result.Count % 1024 == 0 && Stopwatch.GetElapsedTime(began) > LongestSplit)
                    throw new RegexMatchTimeoutException();
            }

            if (end < length)
                result.Add((start + end, length - end));
        }

        return result;
    }

    private static Regex Compile(string pattern)
    {
        if (pattern.Length > Longest)
            throw new ArgumentException($"a split pattern has {pattern.Length} characters, more than {Longest}");
        // It would be read as two characters; see PlainCharacters.
        if (pattern.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            throw new ArgumentException("a split pattern names characters beyond U+FFFF");
        return new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.Compiled, LongestMatch);
    }
}
