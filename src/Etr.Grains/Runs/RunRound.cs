namespace Etr.Grains.Runs;

/// <summary>A prompt's round that a step was trained on, as the wall shows it. Means are over the traces that could be scored.</summary>
[GenerateSerializer, Immutable, Alias("etr.run-round")]
public sealed record RunRound
{
    /// <summary>Step entropies kept of the trace that is shown: the newest.</summary>
    public const int MostEntropies = 512;

    /// <summary>The step that trained on it, from 1.</summary>
    [Id(0)] public required int Step { get; init; }

    /// <summary>Its group's ordinal.</summary>
    [Id(1)] public required long Ordinal { get; init; }

    /// <summary>The prompt's index.</summary>
    [Id(2)] public required int Prompt { get; init; }

    /// <summary>The prompt's round.</summary>
    [Id(3)] public required int Round { get; init; }

    /// <summary>Policy version that its group was leased with.</summary>
    [Id(4)] public required long PolicyVersion { get; init; }

    /// <summary>Share of right traces (0 to 1); NaN where none could be scored.</summary>
    [Id(5)] public required double Accuracy { get; init; }

    /// <summary>Mean tokens a trace; NaN where none could be scored.</summary>
    [Id(6)] public required double Length { get; init; }

    /// <summary>Mean trend R (nats) under the run's preset; NaN where none could be scored.</summary>
    [Id(7)] public required double Trend { get; init; }

    /// <summary>The slot of the trace that is shown: 0, or the first of which a trace is kept; −1 where none is.</summary>
    [Id(8)] public int Slot { get; init; } = -1;

    /// <summary>Reasoning steps of that trace, those whose entropy is not kept included.</summary>
    [Id(9)] public int ReasoningSteps { get; init; }

    /// <summary>Trend R (nats) of that trace.</summary>
    [Id(10)] public double TraceTrend { get; init; }

    /// <summary>Entropies (nats) of the last of its reasoning steps, at most <see cref="MostEntropies"/>, in order.</summary>
    [Id(11)] public double[] StepEntropies { get; init; } = [];
}

/// <summary>A place among the rounds that a run trained on, which go by step and ordinal.</summary>
/// <param name="Step">The step.</param>
/// <param name="Ordinal">The group's ordinal.</param>
[GenerateSerializer, Immutable, Alias("etr.round-place")]
public sealed record RoundPlace([property: Id(0)] int Step, [property: Id(1)] long Ordinal);

/// <summary>Some of the rounds that a run trained on, newest first, of each prompt the newest.</summary>
/// <param name="Rounds">The rounds; a page is under 1 MB.</param>
/// <param name="Prompts">How many prompts the run has.</param>
/// <param name="Next">Where the next page begins; null where nothing is left to be read.</param>
[GenerateSerializer, Immutable, Alias("etr.rounds-page")]
public sealed record RoundsPage(
    [property: Id(0)] RunRound[] Rounds,
    [property: Id(1)] int Prompts,
    [property: Id(2)] RoundPlace? Next)
{
    /// <summary>Nothing, and nothing left.</summary>
    public static RoundsPage Empty(int prompts) => new([], prompts, null);
}
