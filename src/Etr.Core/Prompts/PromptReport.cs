using System.Globalization;

namespace Etr.Core.Prompts;

/// <summary>What became of the rows of a prompt set.</summary>
public sealed record PromptReport
{
    /// <summary>Rows read, bad ones included.</summary>
    public long Rows { get; init; }

    /// <summary>Rows that can't be used.</summary>
    public long Bad { get; init; }

    /// <summary>The first of them, 20 at most.</summary>
    public IReadOnlyList<BadRow> BadRows { get; init; } = [];

    /// <summary>Rows left out for their difficulty.</summary>
    public long ByDifficulty { get; init; }

    /// <summary>Rows whose question was there before.</summary>
    public long Duplicates { get; init; }

    /// <summary>Those of them whose answer is another.</summary>
    public long Conflicts { get; init; }

    /// <summary>Rows with more tokens than a prompt may have.</summary>
    public long TooLong { get; init; }

    /// <summary>Training questions that are also held out.</summary>
    public long Overlap { get; init; }

    /// <summary>Prompts trained on.</summary>
    public int Training { get; init; }

    /// <summary>Prompts held out of the same files.</summary>
    public int HeldOut { get; init; }

    /// <summary>The counts that are not zero, for people.</summary>
    public override string ToString()
    {
        var parts = new List<string> { Count(Rows, "rows"), Count(Bad, "bad") };
        foreach ((long count, string what) in new[] { (ByDifficulty, "by difficulty"), (Duplicates, "duplicates"), (TooLong, "too long"), (Overlap, "also held out") })
        {
            if (count > 0)
                parts.Add(Count(count, what) + (what == "duplicates" && Conflicts > 0 ? $" ({Count(Conflicts, "with another answer")})" : ""));
        }

        return $"{string.Join(", ", parts)}: {Count(Training, "prompts")}{(HeldOut > 0 ? $", {Count(HeldOut, "held out")}" : "")}";
    }

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}");
}
