using Etr.Core.Rewards;

namespace Etr.SampleExtension;

/// <summary>Pays 1 for a right trace and takes a hundredth for every token.</summary>
public class BrevityShaper : IRewardShaper
{
    /// <inheritdoc/>
    public string Name => "brevity";

    /// <inheritdoc/>
    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity) =>
        [.. group.Select(trace => new ShapedReward((trace.Correct ? 1 : 0) - 0.01 * trace.TokenCount, trace.Correct))];
}

/// <summary>Throws at every group.</summary>
public sealed class ThrowingShaper : IRewardShaper
{
    /// <inheritdoc/>
    public string Name => "throwing";

    /// <inheritdoc/>
    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity) =>
        throw new DivideByZeroException("no such thing");
}

/// <summary>Throws what throws when it is asked why.</summary>
public sealed class SpitefulShaper : IRewardShaper
{
    /// <inheritdoc/>
    public string Name => "spiteful";

    /// <inheritdoc/>
    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity) => throw new SpitefulException();

    private sealed class SpitefulException : Exception
    {
        public override string Message => throw new InvalidOperationException();
    }
}

/// <summary>Never answers for a prompt of an odd index.</summary>
public sealed class HangingShaper : IRewardShaper
{
    /// <inheritdoc/>
    public string Name => "hanging";

    /// <inheritdoc/>
    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (identity.Prompt % 2 == 1)
            Thread.Sleep(Timeout.Infinite);
        return [.. group.Select(trace => new ShapedReward(trace.TokenCount, trace.Correct))];
    }
}

/// <summary>Answers no number for the trace in slot 1.</summary>
public sealed class NotANumberShaper : IRewardShaper
{
    /// <inheritdoc/>
    public string Name => "not-a-number";

    /// <inheritdoc/>
    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity) =>
        [.. group.Select(trace => new ShapedReward(trace.Slot == 1 ? double.NaN : trace.TokenCount, !trace.Correct))];
}

/// <summary>Pays 1 where it is called on a background thread that is not the pool's, else 0.</summary>
public sealed class ThreadShaper : IRewardShaper
{
    /// <inheritdoc/>
    public string Name => "thread";

    /// <inheritdoc/>
    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        Thread own = Thread.CurrentThread;
        return [.. group.Select(trace => new ShapedReward(own.IsBackground && !own.IsThreadPoolThread ? 1 : 0, trace.Correct))];
    }
}

/// <summary>Answers for a trace too few.</summary>
public sealed class ForgetfulShaper : IRewardShaper
{
    /// <inheritdoc/>
    public string Name => "forgetful";

    /// <inheritdoc/>
    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity) =>
        [.. group.Skip(1).Select(trace => new ShapedReward(1, trace.Correct))];
}

/// <summary>Cannot be made without being told something.</summary>
public sealed class DemandingShaper(string name) : BrevityShaper
{
    /// <summary>What it was told.</summary>
    public string Told => name;
}
