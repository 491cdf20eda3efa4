using Etr.Core.Rewards;

namespace Etr.Core.Extensions;

/// <summary>
/// A reward shaper of the user's own. One that throws, hangs or answers for another number of traces leaves the whole group
/// unscored; a number that is not finite leaves its trace unscored. The verdict stays the grader's.
/// </summary>
internal sealed class ExtensionShaper(string name, ExtensionCalls<IRewardShaper> calls) : IRewardShaper
{
    public string Name => name;

    /// <summary>Loads a shaper.</summary>
    /// <exception cref="ExtensionException">It is not to be had.</exception>
    public static ExtensionShaper Load(string assembly, string typeName, ExtensionOptions options, TimeProvider time)
    {
        string name = $"type:{typeName}";
        return new ExtensionShaper(name, new ExtensionCalls<IRewardShaper>($"shaper {typeName}", ExtensionLoadContext.FactoryOf<IRewardShaper>(assembly, typeName), options, time));
    }

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity) => ShapeAsync(group, identity).AsTask().GetAwaiter().GetResult();

    public async ValueTask<IReadOnlyList<ShapedReward>> ShapeAsync(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        try
        {
            // Copied on the shaper's own thread: its list may be of a class of its own, too.
            ShapedReward[]? rewards = await calls.CallAsync(shaper => shaper.Shape(group, identity) is { } list && list.Count == group.Count ? list.ToArray() : null).ConfigureAwait(false);
            return rewards is not null && rewards.Length == group.Count
                ? [.. rewards.Select((reward, i) => reward with { Correct = group[i].Correct, Penalty = 0 })]
                : throw new ExtensionException($"{name} did not answer one reward a trace");
        }
        catch (ExtensionException exception)
        {
            return [.. group.Select(trace => ShapedReward.Without(trace.Correct, exception.Message))];
        }
    }
}
