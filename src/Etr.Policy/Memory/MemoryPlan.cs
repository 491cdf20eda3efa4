namespace Etr.Policy.Memory;

/// <summary>What something takes of a device's memory, by what it is for.</summary>
/// <param name="Uses">The parts, each above 0.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryUse> Uses)
{
    /// <summary>All of them together.</summary>
    public long Bytes => Uses.Sum(use => use.Bytes);

    /// <summary>A plan of those parts that take anything.</summary>
    internal static MemoryPlan Of(params IEnumerable<(string Name, double Bytes)> uses) =>
        new([.. uses.Where(use => use.Bytes > 0).Select(use => new MemoryUse(use.Name, (long)use.Bytes))]);
}

/// <summary>One part of a plan.</summary>
/// <param name="Name">What it is for, such as <c>weights</c>.</param>
/// <param name="Bytes">How much.</param>
public sealed record MemoryUse(string Name, long Bytes);
