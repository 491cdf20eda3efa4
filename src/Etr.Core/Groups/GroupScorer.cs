using Etr.Core.Grading;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Statistics;

namespace Etr.Core.Groups;

/// <summary>Grades a group's traces and pays them: verdicts, rewards, advantages.</summary>
public static class GroupScorer
{
    /// <summary>
    /// Scores the traces of one group. Those without a verdict or a reward are marked, and the others are scored as if the
    /// group were theirs alone.
    /// </summary>
    /// <param name="traces">The traces, by slot.</param>
    /// <param name="verdicts">The grader's verdict on each.</param>
    /// <param name="plan">Shapers and estimator.</param>
    /// <param name="identity">Which group it is.</param>
    /// <returns>The scored traces, by slot.</returns>
    /// <exception cref="ArgumentException">A log-probability or an entropy is not a finite number.</exception>
    /// <exception cref="InvalidOperationException">No trace can be scored; the message says why.</exception>
    public static async ValueTask<GroupTrace[]> ScoreAsync(IReadOnlyList<Trace> traces, IReadOnlyList<Verdict> verdicts, RewardPlan plan, GroupIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (traces.SelectMany(trace => trace.Tokens).Any(token => !float.IsFinite(token.LogProb) || !float.IsFinite(token.Entropy) || !float.IsFinite(token.TopFiveEntropy)))
            throw new ArgumentException("A token's log-probability or entropy is not a finite number.", nameof(traces));
        GradedTrace[] graded = [.. traces.Select((trace, slot) => trace.Graded(verdicts[slot].Correct) with { Slot = slot }).Where(trace => !verdicts[trace.Slot].Unscorable)];
        IReadOnlyList<MixedReward> rewards = await plan.Shaper.ShapeAsync(graded, identity);

        GroupTrace[] scored = [.. traces.Select((trace, slot) => new GroupTrace(trace.Tokens, trace.Truncated, verdicts[slot], TracePayment.None)
        {
            Unscorable = verdicts[slot].Unscorable ? verdicts[slot].Reason : null,
        })];
        for (int i = 0; i < graded.Length; i++)
        {
            int slot = graded[i].Slot;
            scored[slot] = scored[slot] with { Unscorable = rewards[i].Reward.Unscorable, Parts = plan.RecordsParts ? rewards[i].Parts : [] };
        }

        GradedTrace[] rewarded = [.. graded.Where((_, i) => rewards[i].Reward.Unscorable is null)];
        ShapedReward[] shaped = [.. graded.Zip(rewards, (trace, reward) => Charged(trace, reward.Reward, plan.Overlong)).Where(reward => reward.Unscorable is null)];
        ShapedReward[] paid = MinimumSpread.Guard(shaped, rewarded, plan);
        int[] slots = [.. Enumerable.Range(0, scored.Length).Where(slot => scored[slot].Unscorable is null)];
        if (slots.Length == 0 && scored.Length > 0)
            throw new InvalidOperationException($"no trace of it can be scored: {scored[0].Unscorable}");
        double[] advantages = plan.Estimator.NeedsBatch ? new double[paid.Length] : plan.Estimator.Estimate(paid);
        for (int i = 0; i < slots.Length; i++)
            scored[slots[i]] = scored[slots[i]] with { Payment = Payment(paid[i] with { Trend = shaped[i].Trend }, advantages[i]) };
        return scored;
    }

    /// <summary>
    /// The advantages of a batch: those the groups were sealed with, or, for an estimator that scales by the whole batch,
    /// estimated here over all of them in their order.
    /// </summary>
    /// <returns>For each group one advantage a trace; 0 for one that is not scored.</returns>
    public static double[][] Advantages(IReadOnlyList<GroupBody> batch, RewardPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (!plan.Estimator.NeedsBatch)
            return [.. batch.Select(group => group.Traces.Select(trace => trace.Payment.Advantage).ToArray())];

        GroupTrace[][] scored = [.. batch.Select(group => group.Traces.Where(trace => trace.Unscorable is null).ToArray())];
        ShapedReward[] rewards = [.. scored.SelectMany(group => group).Select(trace => new ShapedReward(trace.Payment.Reward, trace.Verdict.Correct, trace.Payment.Trend))];
        var advantages = new double[rewards.Length];
        plan.Estimator.Estimate(rewards, [.. scored.Select(group => group.Length)], advantages);
        int next = 0;
        return [.. batch.Select(group => group.Traces.Select(trace => trace.Unscorable is null ? advantages[next++] : 0).ToArray())];
    }

    /// <summary>What people read about each trace of a group, by slot.</summary>
    public static TraceStatistics[] Statistics(GroupBody group, RewardPlan plan)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(plan);
        return [.. group.Traces.Select(trace =>
            TraceStatistics.Of(Trace.Of(trace.Tokens, trace.Truncated).Graded(trace.Verdict.Correct), plan.Preset, trace.Payment.Reward) with { Unscorable = trace.Unscorable is not null })];
    }

    // A trace that was cut off pays the whole penalty, wherever it was cut: the context may have ended before the limit.
    private static ShapedReward Charged(GradedTrace trace, ShapedReward reward, OverlongRule? overlong) => overlong is not { } rule
        ? reward
        : reward.Charged(trace.Truncated ? -1 : OverlongPenalty.Of(trace.TokenCount, rule.MaxLength, rule.Buffer));

    private static TracePayment Payment(ShapedReward reward, double advantage) =>
        new(reward.Reward, reward.Trend, reward.CorrectnessTerm, reward.TrendTerm + reward.VariationTerm, advantage);
}
