using Etr.Grains.Diagnosis.Rules;

namespace Etr.Grains.Diagnosis;

/// <summary>
/// All rules, and how findings come and go: one is raised after its rule held in some evaluations in a row, and cleared after as many in
/// which its figure was well below the limit. In between it stands as it is.
/// </summary>
internal static class RunDiagnosis
{
    /// <summary>The rules, the most urgent first.</summary>
    public static readonly IReadOnlyList<IDiagnosisRule> All =
    [
        new NoSampler(), new DiskFilling(), new LongWait(), new EntropyCollapse(), new PaysForLength(), new OpeningClimbs(), new EntropyBlowUp(),
        new LengthDrift(), new ComponentDominates(), new SamplerGap(), new Truncation(), new NoSignal(), new Stale(), new LearnerIdle(),
    ];

    /// <summary>Looks at the rules about steps, or at those about this moment. Returns the findings that were raised or cleared by it.</summary>
    /// <param name="record">What is known; changed.</param>
    /// <param name="view">What is seen.</param>
    /// <param name="live">Which rules.</param>
    /// <param name="step">The last committed step.</param>
    /// <param name="now">The moment.</param>
    public static IReadOnlyList<FindingChange> Look(DiagnosisRecord record, DiagnosisView view, bool live, int step, DateTimeOffset now)
    {
        var changes = new List<FindingChange>();
        foreach (IDiagnosisRule rule in All.Where(rule => rule.IsLive == live))
        {
            if (Look(record, rule, rule.Read(view), view.Options.Hold, (step, now)) is { } change)
                changes.Add(change);
        }

        return changes;
    }

    /// <summary>The findings that stand, the most urgent first.</summary>
    /// <param name="record">What is known.</param>
    /// <param name="isRunning">Whether the run runs: where it does not, what is wrong at the moment is not its concern.</param>
    public static RunFinding[] Findings(DiagnosisRecord record, bool isRunning) =>
    [
        .. All.Where(rule => isRunning || !rule.IsLive).Select(rule => record.Rules.GetValueOrDefault(rule.Name))
            .Where(known => known is { IsRaised: true }).Select(known => known!.Finding).OrderByDescending(finding => finding.Level),
    ];

    private static FindingChange? Look(DiagnosisRecord record, IDiagnosisRule rule, RuleReading? reading, int hold, (int Step, DateTimeOffset At) now)
    {
        RuleRecord? known = record.Rules.GetValueOrDefault(rule.Name);
        if (reading is { Holds: true } held)
        {
            known ??= record.Rules[rule.Name] = new RuleRecord { Finding = new RunFinding(rule.Name, rule.Level, held.Seen, rule.Try, now.Step, now.At) };
            (known.Finding, known.Over) = (known.Finding with { Seen = held.Seen }, 0);
            if (++known.Held < hold || known.IsRaised)
                return null;
            known.IsRaised = true;
            return new FindingChange(known.Finding, IsRaised: true);
        }

        if (known is null || (known.IsRaised && reading is { IsOver: false }))
        {
            if (known is not null)
                known.Over = 0;
            return null;
        }

        if (known.IsRaised && ++known.Over < hold)
            return null;
        record.Rules.Remove(rule.Name);
        return known.IsRaised ? new FindingChange(known.Finding, IsRaised: false) : null;
    }
}

/// <summary>A finding that was raised or cleared.</summary>
internal readonly record struct FindingChange(RunFinding Finding, bool IsRaised)
{
    public string Words => IsRaised ? $"diagnosis {Finding.Rule}: {Finding.Words}" : $"diagnosis {Finding.Rule} is over: it was raised since {Finding.Seen}";
}
