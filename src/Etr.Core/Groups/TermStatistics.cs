using Etr.Core.Advantages;
using Etr.Core.Runs;

namespace Etr.Core.Groups;

/// <summary>One term of a run's reward over the groups of a step: what of r the verdict, the trend or the length made.</summary>
/// <param name="Name"><c>correctness</c>, <c>trend</c> (with its variation) or <c>length</c> (with the charge for overlong traces).</param>
/// <param name="Share">
/// Its share (0 to 1) of the terms' standard deviations within a group (of the population), the mean over the groups in which any differs:
/// an estimator that standardises makes as much of a small difference as of a large one. NaN where there is no such group.
/// </param>
public sealed record TermStatistics(string Name, double Share)
{
    // Length is what is left of r, so it comes with the others' rounding.
    private const double Nothing = 1e-9;

    private static readonly (string Name, Func<TracePayment, double> Of)[] Terms =
    [
        ("correctness", payment => payment.CorrectnessTerm),
        ("trend", payment => payment.TrendTerm),
        ("length", payment => payment.Reward - payment.CorrectnessTerm - payment.TrendTerm),
    ];

    /// <summary>
    /// The terms that any trace was paid by. None of a mix, whose shapers say more; and none where the estimator
    /// <c>trend-normalized</c> reads correctness and R, and weighs them itself.
    /// </summary>
    internal static TermStatistics[] Of(IReadOnlyList<GroupBody> batch, RewardPlan plan)
    {
        if (plan.Shaper.Parts.Count(part => part.Weight > 0) > 1 || plan.Estimator.Name == AdvantageEstimators.TrendNormalized)
            return [];
        TracePayment[][] groups = [.. batch.Select(group => group.Traces.Where(trace => trace.Unscorable is null).Select(trace => trace.Payment).ToArray()).Where(group => group.Length > 0)];
        (string Name, Func<TracePayment, double> Of)[] paid = [.. Terms.Where(term => groups.Any(group => group.Any(payment => Math.Abs(term.Of(payment)) > Nothing)))];
        double[][] spreads = [.. groups.Select(group => paid.Select(term => ShaperStatistics.SpreadOf([.. group.Select(term.Of)])).ToArray()).Where(group => group.Sum() > Nothing)];
        return [.. paid.Select((term, i) => new TermStatistics(term.Name, spreads.Select(group => group[i] / group.Sum()).DefaultIfEmpty(double.NaN).Average()))];
    }
}
