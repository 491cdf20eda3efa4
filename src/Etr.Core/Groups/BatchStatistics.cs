using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Statistics;

namespace Etr.Core.Groups;

/// <summary>What people read about the groups of one step.</summary>
/// <param name="Traces">Statistics over all traces.</param>
/// <param name="LengthP95">95th percentile of tokens a trace, the nearest rank.</param>
/// <param name="Reward">Mean reward.</param>
/// <param name="StepEntropy">Mean entropy (nats) of all steps of all traces; 0 without steps.</param>
/// <param name="AllRight">Groups whose scored traces are all right.</param>
/// <param name="Mixed">Groups with right and wrong traces.</param>
/// <param name="AllWrong">Groups whose scored traces are all wrong.</param>
/// <param name="ZeroAdvantage">Groups in which every advantage is zero: they teach nothing.</param>
/// <param name="Tokens">Tokens of all traces.</param>
public sealed record BatchStatistics(
    GroupStatistics Traces,
    int LengthP95,
    double Reward,
    double StepEntropy,
    int AllRight,
    int Mixed,
    int AllWrong,
    int ZeroAdvantage,
    long Tokens)
{
    /// <summary>Reasoning steps that <see cref="EntropyByStep"/> tells apart.</summary>
    public const int MostSteps = 32;

    /// <summary>10th and 90th percentile of the traces' rewards, the nearest ranks; NaN without scored traces.</summary>
    public (double Low, double High) RewardBand { get; init; } = (double.NaN, double.NaN);

    /// <summary>10th and 90th percentile of the entropies (nats) of all steps of all traces, the nearest ranks; NaN without steps.</summary>
    public (double Low, double High) StepEntropyBand { get; init; } = (double.NaN, double.NaN);

    /// <summary>
    /// Mean entropy (nats) of the traces' first, second, … step, over the traces that have it: as many as the longest trace has steps,
    /// at most <see cref="MostSteps"/>.
    /// </summary>
    public IReadOnlyList<double> EntropyByStep { get; init; } = [];

    /// <summary>Traces that could not be scored: they count in no figure but this one and <see cref="Tokens"/>.</summary>
    public int Unscorable { get; init; }

    /// <summary>Groups whose right traces differ too little in R to be paid for it (<see cref="GuardOptions.MinimumSpread"/>).</summary>
    public int TrendOff { get; init; }

    /// <summary>Each shaper of the run's mix, monitors included, in the mix's order.</summary>
    public IReadOnlyList<ShaperStatistics> Shapers { get; init; } = [];

    /// <summary>The terms of a reward that is no mix, where the estimator reads their sum; else none.</summary>
    public IReadOnlyList<TermStatistics> Terms { get; init; } = [];

    /// <summary>Measures a batch.</summary>
    /// <param name="batch">Its groups, at least one, each with at least one trace.</param>
    /// <param name="advantages">For each group one advantage a trace.</param>
    /// <param name="plan">The run's rewards.</param>
    public static BatchStatistics Of(IReadOnlyList<GroupBody> batch, IReadOnlyList<double[]> advantages, RewardPlan plan)
    {
        TraceStatistics[][] groups = [.. batch.Select(group => GroupScorer.Statistics(group, plan).Where(trace => !trace.Unscorable).ToArray())];
        TraceStatistics[] traces = [.. groups.SelectMany(group => group)];
        int[] lengths = [.. traces.Select(trace => trace.TokenCount).Order()];
        GroupTrace[] all = [.. batch.SelectMany(group => group.Traces)];
        double[][] steps = [.. all.Where(trace => trace.Unscorable is null).Select(trace => StepsOf(trace, plan))];
        double[] entropies = [.. steps.SelectMany(trace => trace)];
        int right = groups.Count(group => group.All(trace => trace.Correct));
        int wrong = groups.Count(group => group.All(trace => !trace.Correct));
        return new BatchStatistics(
            GroupStatistics.OfMany(groups),
            lengths.Length == 0 ? 0 : lengths[(int)Math.Ceiling(0.95 * lengths.Length) - 1],
            traces.Select(trace => trace.Reward).DefaultIfEmpty(0).Average(),
            entropies.DefaultIfEmpty(0).Average(),
            right,
            groups.Length - right - wrong,
            wrong,
            advantages.Count(group => group.All(advantage => advantage == 0)),
            all.Sum(trace => (long)trace.Tokens.Count))
        {
            RewardBand = BandOf(traces.Select(trace => trace.Reward)),
            StepEntropyBand = BandOf(entropies),
            EntropyByStep = [.. Enumerable.Range(0, Math.Min(MostSteps, steps.Select(trace => trace.Length).DefaultIfEmpty(0).Max()))
                .Select(step => steps.Where(trace => trace.Length > step).Average(trace => trace[step]))],
            Unscorable = all.Count(trace => trace.Unscorable is not null),
            TrendOff = groups.Count(group => MinimumSpread.IsOff([.. group.Where(trace => trace.Correct).Select(trace => trace.Trend)], plan)),
            Shapers = ShaperStatistics.Of(batch, plan),
            Terms = TermStatistics.Of(batch, plan),
        };
    }

    private static (double Low, double High) BandOf(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered.Length == 0 ? (double.NaN, double.NaN) : (AtRank(0.1), AtRank(0.9));

        double AtRank(double share) => ordered[Math.Max(0, (int)Math.Ceiling(share * ordered.Length) - 1)];
    }

    private static double[] StepsOf(GroupTrace trace, RewardPlan plan) =>
        Trace.Of(trace.Tokens, trace.Truncated).Graded(trace.Verdict.Correct).StepsFor(plan.Preset).ToArray();
}
