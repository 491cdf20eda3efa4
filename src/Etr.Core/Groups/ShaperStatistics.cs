using Etr.Core.Runs;
using Etr.Core.Statistics;

namespace Etr.Core.Groups;

/// <summary>What people read about one shaper of a run's mix over a step; a monitor has weight 0.</summary>
/// <param name="Name">The shaper.</param>
/// <param name="Weight">Its weight in the reward.</param>
/// <param name="Reward">Its mean reward over the traces that it could reward; null where there are none.</param>
/// <param name="LengthCorrelation">
/// r(its reward, length) among right traces, within groups and pooled: negative pays for shorter chains, positive for longer.
/// Null where undefined.
/// </param>
public sealed record ShaperStatistics(string Name, double Weight, double? Reward, double? LengthCorrelation)
{
    /// <summary>Mean over the groups of its reward's standard deviation within one (of the population), unweighted; 0 where there are none.</summary>
    public double Spread { get; init; }

    internal static ShaperStatistics[] Of(IReadOnlyList<GroupBody> batch, RewardPlan plan) =>
        [.. plan.Shaper.Parts.Select((part, index) => Of(part.Name, part.Weight, batch, trace => RewardOf(trace, plan, index)))];

    private static ShaperStatistics Of(string name, double weight, IReadOnlyList<GroupBody> batch, Func<GroupTrace, double?> rewardOf)
    {
        var pooled = new PooledCorrelation();
        var all = new List<double>();
        var spreads = new List<double>();
        foreach (GroupBody group in batch)
        {
            (GroupTrace Trace, double Reward)[] paid = [.. group.Traces.Where(trace => rewardOf(trace) is not null).Select(trace => (trace, rewardOf(trace)!.Value))];
            all.AddRange(paid.Select(one => one.Reward));
            if (paid.Length > 0)
                spreads.Add(SpreadOf([.. paid.Select(one => one.Reward)]));
            (GroupTrace Trace, double Reward)[] right = [.. paid.Where(one => one.Trace.Verdict.Correct)];
            pooled.AddGroup([.. right.Select(one => one.Reward)], [.. right.Select(one => (double)one.Trace.Tokens.Count)]);
        }

        return new ShaperStatistics(name, weight, all.Count == 0 ? null : all.Average(), pooled.Value)
        {
            Spread = spreads.DefaultIfEmpty(0).Average(),
        };
    }

    internal static double SpreadOf(double[] rewards)
    {
        double mean = rewards.Average();
        return Math.Sqrt(rewards.Average(reward => (reward - mean) * (reward - mean)));
    }

    // Where no parts are recorded the payment is the one shaper's reward.
    private static double? RewardOf(GroupTrace trace, RewardPlan plan, int index)
    {
        if (plan.RecordsParts)
            return index < trace.Parts.Count ? trace.Parts[index] : null;
        return trace.Unscorable is null ? trace.Payment.Reward : null;
    }
}
