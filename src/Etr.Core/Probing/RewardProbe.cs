using System.Text.Json.Serialization;
using Etr.Core.Groups;
using Etr.Core.Rewards;
using Etr.Core.Runs;
using Etr.Core.Statistics;
using Etr.Core.Trends;

namespace Etr.Core.Probing;

/// <summary>What a reward would pay for on the groups of a policy, before anything is trained.</summary>
/// <param name="Shaper">The reward.</param>
/// <param name="Estimator">The advantage estimator that goes with it.</param>
/// <param name="RewardLength">r(reward, length) among right traces, within groups; null where either has no spread.</param>
/// <param name="TrendOpening">r(R, H_1) among right traces, within groups, by the reward's own preset; null where either has no spread.</param>
/// <param name="Signal">Share of groups in which some advantage is not zero (0 to 1).</param>
/// <param name="Inverted">Share of right traces, of groups with right and wrong ones, whose advantage is below a wrong one's (0 to 1); null without such groups.</param>
/// <param name="InsertionRaises">Share of inserted confident steps that raise the reward of their right trace (0 to 1); null where none could be inserted.</param>
/// <param name="Verdict">What all that says, in words.</param>
public sealed record RewardProbe(
    string Shaper, string Estimator, double? RewardLength, double? TrendOpening, double Signal, double? Inverted, double? InsertionRaises, string Verdict)
{
    /// <summary>The right traces that <see cref="RewardLength"/> is over, each relative to the right ones of its group; not in files.</summary>
    [JsonIgnore]
    public IReadOnlyList<ProbedTrace> Right { get; init; } = [];

    /// <summary>Probes a reward.</summary>
    /// <param name="groups">Groups of the policy, at least one.</param>
    /// <param name="plan">The reward.</param>
    /// <exception cref="InvalidOperationException">The reward cannot be computed; the message says why.</exception>
    public static async Task<RewardProbe> OfAsync(IReadOnlyList<ProbedGroup> groups, RewardPlan plan)
    {
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentOutOfRangeException.ThrowIfZero(groups.Count);
        var (length, opening) = (new PooledCorrelation(), new PooledCorrelation());
        var traces = new List<ProbedTrace>();
        var (signals, inverted, ranked, raised, inserted) = (0, 0, 0, 0, 0);
        foreach (ProbedGroup group in groups)
        {
            ShapedReward[] rewards = await PayAsync(group.Traces, group.Identity, plan);
            double[] advantages = plan.Estimator.Estimate(rewards);
            signals += GroupFilter.HasSignal(advantages) ? 1 : 0;

            int[] right = [.. Indices(group.Traces, correct: true)];
            int[] wrong = [.. Indices(group.Traces, correct: false)];
            length.AddGroup([.. right.Select(i => rewards[i].Reward)], [.. right.Select(i => (double)group.Traces[i].TokenCount)]);
            traces.AddRange(Relative(group, rewards, right));
            int[] stepped = [.. right.Where(i => group.Traces[i].StepsFor(plan.Preset).Length > 0)];
            opening.AddGroup(
                [.. stepped.Select(i => EntropyTrend.Of(group.Traces[i].StepsFor(plan.Preset), plan.Preset.Trend))],
                [.. stepped.Select(i => group.Traces[i].StepsFor(plan.Preset)[0])]);
            if (wrong.Length > 0 && right.Length > 0)
            {
                double best = wrong.Max(i => advantages[i]);
                inverted += right.Count(i => advantages[i] < best);
                ranked += right.Length;
            }

            foreach (int slot in right)
            {
                foreach (GradedTrace more in InsertedStep.Of(group.Traces[slot]))
                {
                    GradedTrace[] others = [.. group.Traces.Select((trace, i) => i == slot ? more : trace)];
                    double paid = (await PayAsync(others, group.Identity, plan))[slot].Reward;
                    raised += paid > rewards[slot].Reward + Noise ? 1 : 0;
                    inserted++;
                }
            }
        }

        var probe = new RewardProbe(
            plan.Shaper.Name, plan.Estimator.Name, length.Value, opening.Value, signals / (double)groups.Count, Share(inverted, ranked), Share(raised, inserted), "")
        {
            Right = traces,
        };
        return probe with { Verdict = ProbeVerdict.Of(probe, plan) };
    }

    // A sum of a hundred steps in double precision is off by less.
    private const double Noise = 1e-12;

    private static async Task<ShapedReward[]> PayAsync(IReadOnlyList<GradedTrace> traces, GroupIdentity identity, RewardPlan plan)
    {
        IReadOnlyList<MixedReward> rewards = await plan.Shaper.ShapeAsync(traces, identity);
        return rewards.FirstOrDefault(reward => reward.Reward.Unscorable is not null).Reward.Unscorable is { } reason
            ? throw new InvalidOperationException($"reward '{plan.Shaper.Name}' cannot be probed: {reason}")
            : MinimumSpread.Guard([.. rewards.Select(reward => reward.Reward)], traces, plan);
    }

    private static IEnumerable<ProbedTrace> Relative(ProbedGroup group, ShapedReward[] rewards, int[] right)
    {
        // A lonely right trace has nothing to be compared with, and no part in r.
        if (right.Length < 2)
            return [];
        double length = right.Average(i => (double)group.Traces[i].TokenCount);
        double reward = right.Average(i => rewards[i].Reward);
        return right.Select(i => new ProbedTrace(group.Traces[i].TokenCount - length, rewards[i].Reward - reward));
    }

    private static IEnumerable<int> Indices(IReadOnlyList<GradedTrace> traces, bool correct) =>
        Enumerable.Range(0, traces.Count).Where(i => traces[i].Correct == correct);

    private static double? Share(int some, int all) => all == 0 ? null : some / (double)all;
}

/// <summary>A right trace beside the other right ones of its group.</summary>
/// <param name="Length">By how many tokens it is longer than their mean.</param>
/// <param name="Reward">By how much its reward is above their mean.</param>
public readonly record struct ProbedTrace(double Length, double Reward);
