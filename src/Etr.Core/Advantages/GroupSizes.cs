namespace Etr.Core.Advantages;

/// <summary>The check every estimator makes of how a batch falls into groups.</summary>
internal static class GroupSizes
{
    public static void Check(int rewards, ReadOnlySpan<int> groupSizes, int advantages)
    {
        long total = 0;
        foreach (var size in groupSizes)
        {
            if (size < 0)
                throw new ArgumentException("A group has 0 traces or more.", nameof(groupSizes));
            total += size;
        }

        if (total != rewards || advantages != rewards)
            throw new ArgumentException($"{rewards} rewards, {total} in groups, {advantages} places for advantages: they differ.", nameof(groupSizes));
    }
}
