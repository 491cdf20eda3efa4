namespace Etr.Core.Rewards;

/// <summary>Turns the graded traces of one prompt's group into rewards.</summary>
public interface IRewardShaper
{
    /// <summary>What configuration and reports call it.</summary>
    string Name { get; }

    /// <summary>Rewards a group.</summary>
    /// <param name="group">The traces of one group, at least one.</param>
    /// <returns>One reward a trace, in the same order.</returns>
    IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group);
}
