using Etr.Core.Grading;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Statistics;

namespace Etr.Core.Groups;

/// <summary>Grades a group's traces and pays them: verdicts, rewards, advantages.</summary>
public static class GroupScorer
{
    /// <summary>Scores the traces of one group.</summary>
    /// <param name="traces">The traces, by slot.</param>
    /// <param name="verdicts">The grader's verdict on each.</param>
    /// <param name="plan">Shaper and estimator.</param>
    /// <exception cref="ArgumentException">A log-probability or an entropy is not a finite number.</exception>
    public static GroupTrace[] Score(IReadOnlyList<Trace> traces, IReadOnlyList<Verdict> verdicts, RewardPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (traces.SelectMany(trace => trace.Tokens).Any(token => !float.IsFinite(token.LogProb) || !float.IsFinite(token.Entropy) || !float.IsFinite(token.TopFiveEntropy)))
            throw new ArgumentException("A token's log-probability or entropy is not a finite number.", nameof(traces));
        GradedTrace[] graded = [.. traces.Select((trace, slot) => trace.Graded(verdicts[slot].Correct))];
        IReadOnlyList<ShapedReward> rewards = plan.Shaper.Shape(graded);
        double[] advantages = plan.Estimator.NeedsBatch ? new double[rewards.Count] : plan.Estimator.Estimate(rewards);
        return [.. traces.Select((trace, slot) => new GroupTrace(trace.Tokens, trace.Truncated, verdicts[slot], Payment(rewards[slot], advantages[slot])))];
    }

    /// <summary>
    /// The advantages of a batch: those the groups were sealed with, or, for an estimator that scales by the whole batch,
    /// estimated here over all of them in their order.
    /// </summary>
    /// <returns>For each group one advantage a trace.</returns>
    public static double[][] Advantages(IReadOnlyList<GroupBody> batch, RewardPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (!plan.Estimator.NeedsBatch)
            return [.. batch.Select(group => group.Traces.Select(trace => trace.Payment.Advantage).ToArray())];

        ShapedReward[] rewards = [.. batch.SelectMany(group => group.Traces).Select(trace => new ShapedReward(trace.Payment.Reward, trace.Verdict.Correct, trace.Payment.Trend))];
        int[] sizes = [.. batch.Select(group => group.Traces.Count)];
        var advantages = new double[rewards.Length];
        plan.Estimator.Estimate(rewards, sizes, advantages);
        var byGroup = new double[sizes.Length][];
        int start = 0;
        for (int i = 0; i < sizes.Length; i++)
        {
            byGroup[i] = advantages[start..(start + sizes[i])];
            start += sizes[i];
        }

        return byGroup;
    }

    /// <summary>
    /// Whether a group teaches anything: an advantage that is not zero, or, for an estimator that has to see the whole batch, rewards
    /// that differ. Never a matter of accuracy.
    /// </summary>
    public static bool HasSignal(GroupBody group, RewardPlan plan)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Estimator.NeedsBatch
            ? !Moments.Of([.. group.Traces.Select(trace => trace.Payment.Reward)]).IsConstant
            : group.Traces.Any(trace => trace.Payment.Advantage != 0);
    }

    /// <summary>What people read about each trace of a group.</summary>
    public static TraceStatistics[] Statistics(GroupBody group, RewardPlan plan)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(plan);
        return [.. group.Traces.Select(trace =>
            TraceStatistics.Of(Trace.Of(trace.Tokens, trace.Truncated).Graded(trace.Verdict.Correct), plan.Preset, trace.Payment.Reward))];
    }

    private static TracePayment Payment(ShapedReward reward, double advantage) =>
        new(reward.Reward, reward.Trend, reward.CorrectnessTerm, reward.TrendTerm + reward.VariationTerm, advantage);
}
