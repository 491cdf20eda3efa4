namespace Etr.Grains.Learners;

/// <summary>What a learner commits: one write of this is one step.</summary>
[GenerateSerializer, Alias("etr.learner-record")]
internal sealed class LearnerRecord
{
    /// <summary>Last committed step.</summary>
    [Id(0)] public int Step { get; set; }

    /// <summary>Every ordinal below is decided: consumed by a committed step, or skipped.</summary>
    [Id(1)] public long Mark { get; set; }

    /// <summary>What the last step was made of.</summary>
    [Id(2)] public StepManifest? Manifest { get; set; }

    /// <summary>The newest committed checkpoints and policies, oldest first; older files are collected.</summary>
    [Id(3)] public KeptFiles[] Kept { get; set; } = [];

    /// <summary>For the newest steps the last ordinal each consumed, oldest first.</summary>
    [Id(4)] public StepEnd[] Ends { get; set; } = [];

    /// <summary>Why no further step will be committed; empty while steps may be.</summary>
    [Id(5)] public string Ended { get; set; } = "";

    /// <summary>This record, after which no step is committed.</summary>
    public LearnerRecord End(string reason) => new() { Step = Step, Mark = Mark, Manifest = Manifest, Kept = Kept, Ends = Ends, Ended = reason };
}

/// <summary>The files of one committed step.</summary>
[GenerateSerializer, Immutable, Alias("etr.kept-files")]
internal sealed record KeptFiles(
    [property: Id(0)] int Step,
    [property: Id(1)] string Checkpoint,
    [property: Id(2)] string CheckpointSha256,
    [property: Id(3)] string Policy,
    [property: Id(4)] string PolicySha256);

/// <summary>Where a step's ordinals end.</summary>
[GenerateSerializer, Immutable, Alias("etr.step-end")]
internal readonly record struct StepEnd([property: Id(0)] int Step, [property: Id(1)] long LastOrdinal);
