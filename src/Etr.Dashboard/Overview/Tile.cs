using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Overview;

/// <summary>Which change of a figure is welcome.</summary>
internal enum Welcome
{
    /// <summary>Neither.</summary>
    Neither,

    /// <summary>More.</summary>
    More,

    /// <summary>Less.</summary>
    Less,
}

/// <summary>One figure of the overview over all steps so far.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Meaning">What it is, in words.</param>
/// <param name="Welcome">Which change of it is welcome.</param>
/// <param name="Metric">Its key among a step's figures.</param>
/// <param name="Chart">Its chart in the training view.</param>
/// <param name="Format">Writes it for people.</param>
internal sealed record Tile(string Name, string Unit, string Meaning, Welcome Welcome, string Metric, string Chart, Func<double, string> Format)
{
    /// <summary>The tiles, in order.</summary>
    public static IReadOnlyList<Tile> All { get; } =
    [
        new("Reward", "", "mean over the step's traces", Welcome.More, "reward", "reward", v => Figures.Fixed(v, 3)),
        new("Accuracy", "", "share of right traces", Welcome.More, "accuracy", "accuracy", Figures.Percent),
        new("Chain length", "tokens", "mean tokens a trace", Welcome.Less, "length", "length", Figures.Number),
        new("Step entropy", "nats", "mean over reasoning steps", Welcome.Neither, "entropy", "entropy", v => Figures.Fixed(v, 3)),
        new("Trend R", "nats", "mean entropy trend under the run's preset", Welcome.More, "trend", "trend", v => Figures.Fixed(v, 3)),
        new("r(R, length)", "", "negative shortens, positive lengthens", Welcome.Neither, "r-length", "monitors", v => Figures.Signed(v)),
        new("Signal", "of groups", "share of groups with an advantage other than zero", Welcome.Neither, "signal", "groups", Figures.Percent),
        new("KL", "nats a token", "to the starting policy; 0 where not computed", Welcome.Neither, "kl", "kl", v => Figures.Fixed(v, 4)),
        new("Staleness", "versions", "mean of the step's tokens", Welcome.Less, "staleness", "staleness", v => Figures.Fixed(v, 2)),
        new("Sampled", "tokens/s", "over the whole step", Welcome.More, "speed", "speed", Figures.Number),
    ];

    /// <summary>Its value in a step.</summary>
    public double Of(StepSummary step) => Reader(step);

    private Func<StepSummary, double> Reader { get; } = StepMetrics.All.Single(metric => metric.Key == Metric).Of;

    /// <summary>What became of it since a step, in words and as a class; null where the two are not known.</summary>
    public (string Words, string Tone)? Change(StepSummary? before, StepSummary? now)
    {
        if (before is null || now is null || before.Step == now.Step)
            return null;

        var (first, last) = (Of(before), Of(now));
        if (!double.IsFinite(first) || !double.IsFinite(last))
            return null;
        var same = Format(first) == Format(last);
        var glyph = same ? "■" : last > first ? "▲" : "▼";
        var welcome = same || Welcome == Welcome.Neither ? "" : (last > first) == (Welcome == Welcome.More) ? "good" : "bad";
        return ($"{glyph} {(same ? "unchanged" : "from " + Format(first))} since step {before.Step}", welcome);
    }
}

/// <summary>A tile of a run at one moment.</summary>
/// <param name="Now">The last step's value.</param>
/// <param name="Change">What became of it since the first step that has it.</param>
/// <param name="Values">Its values over training, for a small line.</param>
internal sealed record TileFigures(string Now, (string Words, string Tone)? Change, IReadOnlyList<double> Values)
{
    /// <summary>Before the first step.</summary>
    public static TileFigures None { get; } = new(Figures.None, null, []);

    /// <summary>Reads a tile. Lock the history.</summary>
    public static TileFigures Of(Tile tile, RunHistory history)
    {
        if (history.Newest.LastOrDefault() is not { } now)
            return None;
        var known = history.First is { } first && double.IsFinite(tile.Of(first)) ? first : history.Newest.FirstOrDefault(step => double.IsFinite(tile.Of(step)));
        return new(tile.Format(tile.Of(now)), tile.Change(known, now), history.Series(history.IndexOf(tile.Metric)));
    }
}
