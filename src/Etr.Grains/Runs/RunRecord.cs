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
}
