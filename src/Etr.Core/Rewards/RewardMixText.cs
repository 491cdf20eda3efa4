using System.Globalization;

namespace Etr.Core.Rewards;

/// <summary>The written form of a mix: <c>outcome=1, lcpo-max=0.5, kimi-length=0</c>.</summary>
public static class RewardMixText
{
    /// <summary>Most shapers of a mix.</summary>
    public const int MostParts = 16;

    /// <summary>Reads a mix.</summary>
    /// <param name="text">Names and weights, comma-separated.</param>
    /// <returns>Names and weights in order.</returns>
    /// <exception cref="ArgumentException">A part is not a name and a weight from 0 to 1,000, a name is there twice, or there are too many.</exception>
    public static IReadOnlyList<(string Name, double Weight)> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is 0 or > MostParts)
            throw new ArgumentException($"A mix of rewards has 1 to {MostParts} parts, not {parts.Length}.", nameof(text));
        var mix = new List<(string Name, double Weight)>();
        foreach (var part in parts)
        {
            var (name, weight) = ParsePart(part);
            if (mix.Any(other => string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)))
                throw new ArgumentException($"The mix of rewards names '{name}' twice.", nameof(text));
            mix.Add((name, weight));
        }

        return mix;
    }

    private static (string Name, double Weight) ParsePart(string part)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0
            && double.TryParse(part.AsSpan(equals + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var weight)
            && weight is >= 0 and <= 1000)
        {
            return (part[..equals].Trim(), weight);
        }

        throw new ArgumentException($"'{part}' is no part of a mix of rewards: write NAME=WEIGHT with a weight from 0 to 1000, such as outcome=1, lcpo-max=0.5.", nameof(part));
    }
}
