using Etr.Grains.Learners;
using Etr.Grains.Runs;

namespace Etr.Silo.Compare;

/// <summary>A finished run of a comparison.</summary>
internal sealed record CompareRun
{
    /// <summary>The arm's name.</summary>
    public required string Arm { get; init; }

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>The settings that were named, without the seed.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>The reward shaper.</summary>
    public required string Shaper { get; init; }

    /// <summary>The advantage estimator.</summary>
    public required string Estimator { get; init; }

    /// <summary>Policy updates made.</summary>
    public required int Steps { get; init; }

    /// <summary>Wall seconds of its processes, evaluations and starts included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Held-out figures of the starting policy; null where nothing was held out.</summary>
    public HeldOut? Before { get; init; }

    /// <summary>Held-out figures of the trained policy.</summary>
    public HeldOut? After { get; init; }

    /// <summary>The accuracy–efficiency score.</summary>
    public double? Aes { get; init; }

    /// <summary>What each policy update saw, in order.</summary>
    public required IReadOnlyList<CurvePoint> Curve { get; init; }

    /// <summary>Reads a finished job's folder, <c>OUT/runs/ARM/SEED</c>.</summary>
    /// <exception cref="Cli.CommandFailure">A file in it is not what it should be.</exception>
    /// <exception cref="InvalidDataException">A step's manifest is not one.</exception>
    public static async Task<CompareRun> ReadAsync(string arm, int seed, JobFolder folder, CancellationToken cancellationToken)
    {
        var summary = SummaryFile.Read(folder.Summary);
        JobRecord? record = JobRecord.Read(folder);
        return new CompareRun
        {
            Arm = arm,
            Seed = seed,
            Settings = record?.Settings ?? new Dictionary<string, string>(),
            Shaper = summary.Shaper,
            Estimator = summary.Estimator,
            Steps = summary.Steps,
            Seconds = record?.Seconds ?? 0,
            Before = summary.Before,
            After = summary.After,
            Aes = summary.Aes,
            Curve = await CurveAsync(folder.Steps(summary.Run), summary.Steps, cancellationToken),
        };
    }

    private static async Task<IReadOnlyList<CurvePoint>> CurveAsync(string steps, int last, CancellationToken cancellationToken)
    {
        var points = new List<CurvePoint>();
        for (int step = 1; step <= last; step++)
        {
            if (await StepManifest.ReadAsync(steps, step, cancellationToken) is { } manifest)
                points.Add(CurvePoint.Of(manifest.Summary));
        }

        return points;
    }
}

/// <summary>What a policy update saw: means over the traces it was made from. Undefined figures are null.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Accuracy">Share of right traces (0 to 1).</param>
/// <param name="Length">Mean tokens a trace.</param>
/// <param name="Steps">Mean reasoning steps a trace.</param>
/// <param name="Trend">Mean trend R (nats).</param>
/// <param name="TrendLengthCorrelation">r(R, length) among right traces.</param>
/// <param name="H1">Mean entropy of the first step (nats).</param>
/// <param name="StepEntropy">Mean step entropy (nats).</param>
/// <param name="Seconds">Wall seconds from the commit before.</param>
internal sealed record CurvePoint(
    int Step, double? Accuracy, double? Length, double? Steps, double? Trend, double? TrendLengthCorrelation, double? H1, double? StepEntropy, double? Seconds)
{
    /// <summary>Takes them from a step's summary.</summary>
    public static CurvePoint Of(StepSummary summary) => new(
        summary.Step,
        Defined(summary.Accuracy),
        Defined(summary.Length),
        Defined(summary.ReasoningSteps),
        Defined(summary.Trend),
        Defined(summary.TrendLengthCorrelation),
        Defined(summary.FirstStepEntropy),
        Defined(summary.StepEntropy),
        Defined(summary.Seconds));

    private static double? Defined(double value) => double.IsFinite(value) ? value : null;
}
