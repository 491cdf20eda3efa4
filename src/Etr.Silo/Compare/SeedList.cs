using System.Globalization;
using Etr.Silo.Configuration;

namespace Etr.Silo.Compare;

/// <summary>The seeds that every arm is run with.</summary>
internal static class SeedList
{
    private const int Most = 1000;

    /// <summary>Reads <c>5</c> (1 to 5), <c>1,3,7</c> (these), <c>4-6</c> (4 to 6), or <c>7,</c> (7 alone).</summary>
    /// <exception cref="ConfigurationException">It is none of these, or more than 1,000 seeds.</exception>
    public static IReadOnlyList<int> Parse(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var seeds = new List<int>();
        foreach (string part in parts)
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryRead(ends[0], out int first) || !TryRead(ends[^1], out int last) || last < first || last - first >= Most)
                throw Bad(text);
            seeds.AddRange(Enumerable.Range(first, last - first + 1));
        }

        if (parts is [var only] && !text.Contains(',', StringComparison.Ordinal) && !only.Contains('-', StringComparison.Ordinal) && seeds[0] is > 0 and <= Most)
            return [.. Enumerable.Range(1, seeds[0])];
        int[] different = [.. seeds.Distinct()];
        return different.Length is > 0 and <= Most && (parts.Length > 1 || text.AsSpan().IndexOfAny(',', '-') >= 0) ? different : throw Bad(text);
    }

    private static bool TryRead(string text, out int seed) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed);

    private static ConfigurationException Bad(string text) =>
        new([$"--seeds {text}: expected a number of seeds such as 5, a list such as 1,3,7, or a range such as 4-6, at most {Most} seeds"]);
}
