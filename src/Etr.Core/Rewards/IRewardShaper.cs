namespace Etr.Core.Rewards;

/// <summary>
/// Turns the graded traces of one prompt's group into rewards. An implementation holds no state that a call changes, so that
/// a group that is scored again is paid the same.
/// </summary>
public interface IRewardShaper
{
    /// <summary>What configuration and reports call it.</summary>
    string Name { get; }

    /// <summary>Rewards a group.</summary>
    /// <param name="group">The traces of one group that could be graded, by slot, at least one.</param>
    /// <param name="identity">Which group it is.</param>
    /// <returns>One reward a trace, in the same order. One that is not a finite number leaves its trace unscored.</returns>
    IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity);

    /// <summary>Rewards a group without holding the caller's thread; the program's own shapers need no other.</summary>
    /// <inheritdoc cref="Shape" path="/param|/returns"/>
    ValueTask<IReadOnlyList<ShapedReward>> ShapeAsync(IReadOnlyList<GradedTrace> group, GroupIdentity identity) => new(Shape(group, identity));
}
