using Etr.Dashboard.Charts;
using Etr.Dashboard.Cluster;
using Etr.Grains.Diagnosis;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;

namespace Etr.Dashboard.Overview;

/// <summary>How much a health line wants to be read.</summary>
internal enum HealthLevel
{
    /// <summary>All is well.</summary>
    Good,

    /// <summary>Something to know.</summary>
    Notice,

    /// <summary>Something to act on.</summary>
    Bad,
}

/// <summary>
/// A run's health in one sentence. <see cref="Kind"/> stays the same while only numbers in it change: it is announced when
/// the kind changes, not at every second of a wait.
/// </summary>
internal sealed record Health(HealthLevel Level, string Kind, string Words)
{
    private const double LongWait = 10;
    private const double NotableChange = 0.2;
    private const int Window = 20;

    // Also the name of the run's own rule (docs/diagnosis.md).
    private const string NoSampler = "no-sampler";

    // How a group that lacks a slot says so.
    private const string SlotWait = "a free sampler slot";

    /// <summary>The most urgent thing there is to say.</summary>
    public static Health Of(RunStatus status, IReadOnlyList<StepSummary> steps, PoolStatus? pool, IReadOnlyList<SiloStatusLine> silos) =>
        OfState(status) ?? OfSamplers(status, pool, silos) ?? OfUpdates(status, steps) ?? OfFindings(status, pool) ?? OfWaits(status) ?? OfEntropy(steps) ?? Quiet(status);

    private static Health? OfState(RunStatus status) => status.State switch
    {
        RunState.Failed => new(HealthLevel.Bad, "failed", $"The run stopped: {Because(status)} Resume it from this page, or with etr run resume {status.Run}."),
        RunState.Paused => new(HealthLevel.Notice, "paused", $"The run is paused: {Because(status)} Resume it from this page, or with etr run resume {status.Run}."),
        RunState.Completed => new(HealthLevel.Good, "completed", $"The run has ended after {status.Step} steps. {Sentence(Capital(status.Reason))}".TrimEnd()),
        _ => null,
    };

    // Told before any wait: without a sampler everyone waits in the end, and who waits longest need not be who lacks it.
    private static Health? OfSamplers(RunStatus status, PoolStatus? pool, IReadOnlyList<SiloStatusLine> silos)
    {
        if (pool is null || !ClusterView.LacksSamplers(pool, silos))
            return null;
        var wait = status.Waits.FirstOrDefault(w => w.What.StartsWith(SlotWait, StringComparison.Ordinal));
        var since = wait is null ? "" : $" {Figures.Duration(wait.Seconds)}";
        var lack = pool.Samplers.Count == 0 ? "none is live" : "all drain and take nothing new";
        return new(HealthLevel.Bad, NoSampler, $"Waiting{since} for a sampler: {lack}. Nothing is drawn until one registers.");
    }

    // A wait of some seconds is no trouble yet: a long trace takes its time. When it is one, by the run's own thresholds, it is a finding.
    private static Health? OfWaits(RunStatus status)
    {
        var wait = status.Waits.FirstOrDefault(w => w.Seconds >= LongWait);
        return wait is null ? null : new(HealthLevel.Notice, "waiting",
            $"{Capital(wait.Who)} has waited {Figures.Duration(wait.Seconds)} for {wait.What}; it acts by itself in {Figures.Duration(wait.DeadlineSeconds)}.");
    }

    private static Health? OfUpdates(RunStatus status, IReadOnlyList<StepSummary> steps) =>
        steps.Count > 0 && !steps[^1].Applied
            ? new(HealthLevel.Bad, "skipped", $"Step {steps[^1].Step} was skipped: its loss or gradients were not finite ({status.SkippedSteps} skipped so far; three in a row stop the run).")
            : null;

    // What the run itself has found, under the thresholds of its configuration.
    private static Health? OfFindings(RunStatus status, PoolStatus? pool)
    {
        // The pool says at once that a sampler is there again; the finding is cleared only after it has looked twice.
        var first = status.Findings.FirstOrDefault(finding => pool is null || finding.Rule != NoSampler);
        return first is null ? null : new(first.Level == FindingLevel.Bad ? HealthLevel.Bad : HealthLevel.Notice, first.Rule, first.Words);
    }

    private static Health? OfEntropy(IReadOnlyList<StepSummary> steps)
    {
        if (steps.Count < 2)
            return null;
        var (then, now) = (steps[Math.Max(0, steps.Count - 1 - Window)], steps[^1]);
        var change = then.StepEntropy > 0 ? now.StepEntropy / then.StepEntropy - 1 : 0;
        if (!(Math.Abs(change) >= NotableChange))
            return null;

        var (verb, kind) = change < 0 ? ("fell", "entropy-fell") : ("rose", "entropy-rose");
        return new(change < 0 ? HealthLevel.Good : HealthLevel.Notice, kind,
            $"Step entropy {verb} {Math.Abs(change) * 100:0} % in {Count(now.Step - then.Step, "step")}; accuracy is {Figures.Percent(now.Accuracy)}, {Figures.Number(now.Length)} tokens a trace.");
    }

    private static Health Quiet(RunStatus status) => status.Step == 0
        ? new(HealthLevel.Good, "first-step", "The first step is being drawn.")
        : new(HealthLevel.Good, "steady", "Steady: nothing waits, nothing failed, entropy holds.");

    private static string Because(RunStatus status) => status.Reason.Length == 0 ? "no reason was given." : Sentence(status.Reason);

    private static string Sentence(string words) => words.Length == 0 || words[^1] is '.' or '!' or '?' ? words : words + ".";

    private static string Capital(string words) => words.Length == 0 ? words : char.ToUpperInvariant(words[0]) + words[1..];

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
