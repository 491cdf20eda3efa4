using Etr.Core.Rewards;

namespace Etr.Core.Advantages;

/// <summary>Turns rewards into advantages: how much better than its group a trace did.</summary>
/// <remarks>A group without any spread, and a group of one, have advantages of exactly 0 under every estimator.</remarks>
public interface IAdvantageEstimator
{
    /// <summary>What configuration and reports call it.</summary>
    string Name { get; }

    /// <summary>
    /// True if the scale is the whole batch's, so that a group's advantages cannot be told from the group alone.
    /// </summary>
    bool NeedsBatch { get; }

    /// <summary>Estimates the advantages of a batch of groups.</summary>
    /// <param name="rewards">The rewards of all groups, one group after another.</param>
    /// <param name="groupSizes">How many of them each group has; they sum to the number of rewards.</param>
    /// <param name="advantages">Receives one advantage a reward.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, or a reward or trend is not finite.</exception>
    void Estimate(ReadOnlySpan<ShapedReward> rewards, ReadOnlySpan<int> groupSizes, Span<double> advantages);

    /// <summary>Estimates the advantages of one group.</summary>
    /// <param name="group">Its rewards.</param>
    /// <returns>One advantage a reward.</returns>
    /// <exception cref="ArgumentException">A reward or trend is not finite.</exception>
    double[] Estimate(IReadOnlyList<ShapedReward> group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var advantages = new double[group.Count];
        Estimate([.. group], [group.Count], advantages);
        return advantages;
    }
}
