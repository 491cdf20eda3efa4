using Etr.Dashboard.Charts;
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
internal sealed record Tile(string Name, string Unit, string Meaning, Welcome Welcome, Func<StepSummary, double> Of, Func<double, string> Format)
{
    /// <summary>The tiles, in order.</summary>
    public static IReadOnlyList<Tile> All { get; } =
    [
        new("Reward", "", "mean over the step's traces", Welcome.More, s => s.Reward, v => Figures.Fixed(v, 3)),
        new("Accuracy", "", "share of right traces", Welcome.More, s => s.Accuracy, Figures.Percent),
        new("Chain length", "tokens", "mean tokens a trace", Welcome.Less, s => s.Length, Figures.Number),
        new("Step entropy", "nats", "mean over reasoning steps", Welcome.Neither, s => s.StepEntropy, v => Figures.Fixed(v, 3)),
        new("Trend R", "nats", "mean entropy trend under the run's preset", Welcome.More, s => s.Trend, v => Figures.Fixed(v, 3)),
        new("r(R, length)", "", "negative shortens, positive lengthens", Welcome.Neither, s => s.TrendLengthCorrelation, v => Figures.Signed(v)),
        new("Signal", "of groups", "share of groups with an advantage other than zero", Welcome.Neither, SignalOf, Figures.Percent),
        new("KL", "nats a token", "to the starting policy; 0 where not computed", Welcome.Neither, s => s.Kl, v => Figures.Fixed(v, 4)),
        new("Staleness", "versions", "mean of the step's tokens", Welcome.Less, s => s.Staleness, v => Figures.Fixed(v, 2)),
        new("Sampled", "tokens/s", "over the whole step", Welcome.More, s => s.TokensPerSecond, Figures.Number),
    ];

    private static double SignalOf(StepSummary step)
    {
        var groups = step.AllRight + step.Mixed + step.AllWrong;
        return groups == 0 ? double.NaN : 1 - (double)step.ZeroAdvantage / groups;
    }

    /// <summary>Its values from the first step to the last.</summary>
    public IReadOnlyList<double> Values(IReadOnlyList<StepSummary> steps) => [.. steps.Select(Of)];

    /// <summary>What became of it since the first step that has it, in words and as a class; null before there are two.</summary>
    public (string Words, string Tone)? Change(IReadOnlyList<StepSummary> steps)
    {
        var known = steps.Where(step => double.IsFinite(Of(step))).ToArray();
        if (known.Length < 2)
            return null;

        var (first, last) = (Of(known[0]), Of(known[^1]));
        var same = Format(first) == Format(last);
        var glyph = same ? "■" : last > first ? "▲" : "▼";
        var welcome = same || Welcome == Welcome.Neither ? "" : (last > first) == (Welcome == Welcome.More) ? "good" : "bad";
        return ($"{glyph} {(same ? "unchanged" : "from " + Format(first))} since step {known[0].Step}", welcome);
    }
}
