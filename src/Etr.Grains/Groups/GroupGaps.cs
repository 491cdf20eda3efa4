namespace Etr.Grains.Groups;

/// <summary>Whether the sampler–learner gaps of a group's tokens are known, and if not, why.</summary>
public enum GapState
{
    /// <summary>The group has not been trained on yet.</summary>
    NotTrained,

    /// <summary>It never will be: it was dropped or cancelled.</summary>
    NeverTrained,

    /// <summary>The step that trained on it kept none.</summary>
    NotKept,

    /// <summary>They were kept and cannot be read now.</summary>
    Unreadable,

    /// <summary>They are here, for every trace that passed through the model.</summary>
    Known,
}

/// <summary>The sampler–learner gaps of a group's tokens.</summary>
[GenerateSerializer, Immutable, Alias("etr.group-gaps")]
public sealed record GroupGaps
{
    /// <summary>Whether they are known.</summary>
    [Id(0)] public required GapState State { get; init; }

    /// <summary>
    /// The traces that have some, by slot. One that the step did not pass through the model (masked, or without an advantage where
    /// nothing else pulls) is not there.
    /// </summary>
    [Id(1)] public SlotGaps[] Traces { get; init; } = [];

    /// <summary>None, for a reason.</summary>
    public static GroupGaps Without(GapState state) => new() { State = state };
}

/// <summary>The gaps of one trace.</summary>
/// <param name="Slot">Its slot.</param>
/// <param name="UpdatesBefore">Updates that its step had made when the learner saw it; 0: the weights the step began with.</param>
/// <param name="Gaps">log p(sampler) − log p(learner) of each drawn token (nats).</param>
[GenerateSerializer, Immutable, Alias("etr.slot-gaps")]
public sealed record SlotGaps([property: Id(0)] int Slot, [property: Id(1)] int UpdatesBefore, [property: Id(2)] float[] Gaps);
