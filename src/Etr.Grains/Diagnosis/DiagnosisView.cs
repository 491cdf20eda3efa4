using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Waits;

namespace Etr.Grains.Diagnosis;

/// <summary>What the rules look at.</summary>
internal sealed record DiagnosisView
{
    public required DiagnosisOptions Options { get; init; }

    /// <summary>The newest committed steps, oldest first, at most <see cref="DiagnosisOptions.Horizon"/>.</summary>
    public required IReadOnlyList<StepSummary> Steps { get; init; }

    /// <summary>What the guards have read; null where the trend is not paid for, or not yet.</summary>
    public GuardReading? Lengthening { get; init; }

    /// <summary>As <see cref="Lengthening"/>, of H₁.</summary>
    public GuardReading? Opening { get; init; }

    /// <summary>η, the staleness bound (versions).</summary>
    public int StalenessBound { get; init; }

    /// <summary>Groups dropped as stale over the newest <see cref="DiagnosisOptions.Window"/> steps.</summary>
    public long Dropped { get; init; }

    /// <summary>α of the trend that is measured: whether a rise of the first step's entropy is paid for.</summary>
    public double Alpha { get; init; }

    /// <summary>What a rule that holds already is compared with; null where it does not hold.</summary>
    public Baseline? Kept { get; init; }

    public IReadOnlyList<Wait> Waits { get; init; } = [];

    /// <summary>The pool; null where it could not be asked.</summary>
    public PoolStatus? Pool { get; init; }

    /// <summary>Bytes that are free on the run's disk; null where it is not seen from here.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Bytes of that which are lost a second, as the last minutes went; null where that is not known (yet).</summary>
    public double? FreeBytesFall { get; init; }

    /// <summary>Mean of a figure over the newest steps, those left out in which it is no number; null before there are enough steps, or where it never is one.</summary>
    public double? Recent(Func<StepSummary, double> figure) =>
        Steps.Count >= Options.Window ? Mean(Steps.Skip(Steps.Count - Options.Window), figure) : null;

    /// <summary>
    /// Medians over the first steps that are looked back over, or what was kept; null before these and the newest are different ones. Medians,
    /// since a run's first steps stay the first for long, and one of them must not decide.
    /// </summary>
    public Baseline? Before(params IReadOnlyList<Func<StepSummary, double>> figures)
    {
        if (Kept is { } kept && kept.Figures.Length == figures.Count)
            return kept;
        if (Steps.Count < 2 * Options.Window)
            return null;
        StepSummary[] first = [.. Steps.Take(Options.Window)];
        double?[] medians = [.. figures.Select(figure => Median(first, figure))];
        return medians.All(median => median is not null) ? new Baseline([.. medians.Select(median => median!.Value)], first[^1].Step) : null;
    }

    /// <summary>Steps that passed since those of a baseline.</summary>
    public int Since(Baseline before) => Steps[^1].Step - before.Step;

    /// <summary>Evaluations of steps in which one and the same step has a say.</summary>
    public int Memory => Math.Max(Options.Window, Math.Max(Lengthening?.Steps ?? 0, Opening?.Steps ?? 0));

    /// <summary>How far below a limit its figure must be for a finding to be cleared.</summary>
    public double SlackOf(double limit) => limit == 0 ? Options.Hysteresis : Math.Abs(limit) * Options.Hysteresis;

    private static double? Mean(IEnumerable<StepSummary> steps, Func<StepSummary, double> figure)
    {
        double[] values = [.. steps.Select(figure).Where(double.IsFinite)];
        return values.Length > 0 ? values.Average() : null;
    }

    private static double? Median(IEnumerable<StepSummary> steps, Func<StepSummary, double> figure)
    {
        double[] values = [.. steps.Select(figure).Where(double.IsFinite).Order()];
        return values.Length > 0 ? (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2 : null;
    }
}
