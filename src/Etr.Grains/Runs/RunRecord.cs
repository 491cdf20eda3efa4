using Etr.Grains.Diagnosis;

namespace Etr.Grains.Runs;

/// <summary>What a run must remember.</summary>
[GenerateSerializer, Alias("etr.run-state")]
internal sealed class RunRecord
{
    [Id(0)] public RunStart? Start { get; set; }

    [Id(1)] public RunState State { get; set; }

    [Id(2)] public string Reason { get; set; } = "";

    [Id(3)] public DateTimeOffset StartedAt { get; set; }

    [Id(4)] public int Step { get; set; }

    [Id(5)] public GroupLedger Ledger { get; set; } = new();

    [Id(6)] public StepSummary? LastStep { get; set; }

    [Id(7)] public int SkippedSteps { get; set; }

    [Id(8)] public int SkippedInARow { get; set; }

    [Id(9)] public int QuietInARow { get; set; }

    /// <summary>Groups cancelled since the last committed step.</summary>
    [Id(10)] public int CancelledSinceStep { get; set; }

    /// <summary>Groups dropped for want of signal since the last committed step.</summary>
    [Id(11)] public int FilteredSinceStep { get; set; }

    /// <summary>Under a curriculum, the next place in the schedule that was not looked at.</summary>
    [Id(12)] public long Cursor { get; set; }

    /// <summary>Under a curriculum, the places that open groups were given; elsewhere a group's place is its ordinal.</summary>
    [Id(13)] public Dictionary<long, long> Places { get; set; } = [];

    /// <summary>Evaluations during the run, the newest last.</summary>
    [Id(14)] public RunEvaluation[] Evaluations { get; set; } = [];

    /// <summary>The step whose policy is to be evaluated next; 0 where none is.</summary>
    [Id(15)] public int EvaluationDue { get; set; }

    /// <summary>That step's policy.</summary>
    [Id(16)] public string EvaluationSha256 { get; set; } = "";

    /// <summary>What the guards have seen.</summary>
    [Id(17)] public GuardRecord Guards { get; set; } = new();

    /// <summary>How the learning rate was decayed, in order.</summary>
    [Id(18)] public RateDecay[] Decays { get; set; } = [];

    /// <summary>The newest faults, oldest first: written when something else is.</summary>
    [Id(41)] public RunFaultNote[] Faults { get; set; } = [];

    /// <summary>What is known of the run's findings.</summary>
    [Id(40)] public DiagnosisRecord Diagnosis { get; set; } = new();
}
