namespace Etr.Dashboard.Wall;

/// <summary>Filters and sorts cells.</summary>
internal static class WallOrder
{
    /// <summary>The prompts to show, in order: pinned ones first, equals by prompt.</summary>
    public static int[] Of(IEnumerable<WallCell> cells, WallQuery query)
    {
        var shown = cells.Where(cell => query.Pins.Contains(cell.Prompt) || Matches(cell, query)).ToArray();
        var keys = Array.ConvertAll(shown, cell => new Key(query.Pins.Contains(cell.Prompt) ? 0 : 1, Rank(cell, query.Sort), cell.Prompt));
        Array.Sort(keys);
        return Array.ConvertAll(keys, key => key.Prompt);
    }

    private static bool Matches(WallCell cell, WallQuery query) =>
        (query.Category.Length == 0 || cell.Category == query.Category)
        && (query.DataSet.Length == 0 || cell.DataSet == query.DataSet)
        && (query.Silo.Length == 0 || cell.Silo == query.Silo)
        && (query.Version is null || cell.PolicyVersion == query.Version)
        && (query.Difficulty == WallDifficulty.Any || query.Difficulty == DifficultyOf(cell.Ease))
        && (query.Verdict == WallVerdict.Any || query.Verdict == VerdictOf(cell.Accuracy));

    private static WallVerdict VerdictOf(double accuracy) => accuracy switch
    {
        double.NaN => WallVerdict.Open,
        <= 0 => WallVerdict.Wrong,
        >= 1 => WallVerdict.Right,
        _ => WallVerdict.Mixed,
    };

    // A prompt of which no round is known is neither easy nor hard.
    private static WallDifficulty DifficultyOf(double ease) => ease switch
    {
        >= 7 / 8.0 => WallDifficulty.Easy,
        <= 1 / 8.0 => WallDifficulty.Hard,
        double.NaN => WallDifficulty.Any,
        _ => WallDifficulty.Medium,
    };

    /// <summary>Smaller comes first; cells without what is sorted by come last.</summary>
    private static double Rank(WallCell cell, WallSort sort) => sort switch
    {
        WallSort.Live => cell.Live ? 0 : 1,
        WallSort.Rise => cell.Direction == TrendDirection.Unknown ? double.MaxValue : cell.Fall,
        WallSort.Flattest => cell.Direction == TrendDirection.Unknown ? double.MaxValue : Math.Abs(cell.Fall),
        WallSort.Longest => -cell.Length,
        WallSort.Oldest => cell.UpdatedAt.UtcTicks,
        WallSort.Wrong => double.IsNaN(cell.Accuracy) ? double.MaxValue : cell.Accuracy,
        _ => 0,
    };

    // Compared a million times where a wall is large: no comparer of tuples.
    private readonly record struct Key(int Group, double Rank, int Prompt) : IComparable<Key>
    {
        public int CompareTo(Key other) =>
            Group != other.Group ? Group.CompareTo(other.Group) : Rank != other.Rank ? Rank.CompareTo(other.Rank) : Prompt.CompareTo(other.Prompt);
    }
}
