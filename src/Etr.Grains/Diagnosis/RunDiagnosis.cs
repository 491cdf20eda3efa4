using Etr.Grains.Diagnosis.Rules;

namespace Etr.Grains.Diagnosis;

/// <summary>
/// All rules, and how findings come and go: one is raised after its rule held in some evaluations in a row, and cleared after as many in
/// which its figure was well below the limit. In between it stands as it is. Steps are averaged, and neighbouring means share all steps but
/// one: a finding about them takes more evaluations than one step has a say in, so that no step alone raises or clears it, and a minute of
/// being over, so that a fast run does not chatter.
/// </summary>
internal static class RunDiagnosis
{
    /// <summary>The rules, the most urgent first.</summary>
    public static readonly IReadOnlyList<IDiagnosisRule> All =
    [
        new NoSampler(), new DiskFilling(), new LongWait(), new EntropyCollapse(), new PaysForLength(), new OpeningClimbs(), new EntropyBlowUp(),
        new LengthDrift(), new ComponentDominates(), new SamplerGap(), new Truncation(), new NoSignal(), new Stale(), new LearnerIdle(),
    ];

    /// <summary>How long a finding about steps must be over before it is cleared.</summary>
    public static readonly TimeSpan LeastOver = TimeSpan.FromMinutes(1);

    /// <summary>How long a finding about this moment stands while its figure is not known.</summary>
    public static readonly TimeSpan MostUnknown = TimeSpan.FromMinutes(5);

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
            RuleReading? reading = rule.Read(view with { Kept = record.Rules.GetValueOrDefault(rule.Name)?.Baseline });
            if (Look(record, rule, reading, live ? view.Options.Hold : view.Memory + view.Options.Hold - 1, (step, now)) is { } change)
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
            return Hold(known ?? (record.Rules[rule.Name] = Begin(rule, held, now)), rule, held, hold);
        if (known is null)
            return null;
        if (rule.IsLive && reading is null)
            return Unknown(record, known, now.At);
        known.UnknownSince = null;
        if (known.IsRaised && reading is { IsOver: false })
        {
            (known.Over, known.OverSince) = (0, null);
            return null;
        }

        known.OverSince ??= now.At;
        if (known.IsRaised && (++known.Over < hold || (!rule.IsLive && now.At - known.OverSince < LeastOver)))
            return null;
        record.Rules.Remove(rule.Name);
        return known.IsRaised ? new FindingChange(known.Finding, IsRaised: false) : null;
    }

    private static RuleRecord Begin(IDiagnosisRule rule, RuleReading held, (int Step, DateTimeOffset At) now) =>
        new() { Finding = new RunFinding(rule.Name, rule.Level, held.Seen, rule.Try, now.Step, now.At) };

    private static FindingChange? Hold(RuleRecord known, IDiagnosisRule rule, RuleReading held, int hold)
    {
        known.Finding = known.Finding with { Seen = held.Seen, Try = held.Try ?? rule.Try };
        (known.Over, known.OverSince, known.UnknownSince) = (0, null, null);
        known.Baseline ??= held.Baseline;
        if (++known.Held < hold || known.IsRaised)
            return null;
        known.IsRaised = true;
        return new FindingChange(known.Finding, IsRaised: true);
    }

    // Who does not answer says neither that it holds nor that it is over; and nothing is said for ever of what is not known.
    private static FindingChange? Unknown(DiagnosisRecord record, RuleRecord known, DateTimeOffset now)
    {
        known.UnknownSince ??= now;
        if (now - known.UnknownSince < MostUnknown)
            return null;
        record.Rules.Remove(known.Finding.Rule);
        return known.IsRaised ? new FindingChange(known.Finding, IsRaised: false) { IsUnknown = true } : null;
    }
}

/// <summary>A finding that was raised or cleared.</summary>
internal readonly record struct FindingChange(RunFinding Finding, bool IsRaised)
{
    /// <summary>Whether it was cleared since nothing was known of it for long.</summary>
    public bool IsUnknown { get; init; }

    public string Words => IsRaised ? $"diagnosis {Finding.Rule}: {Finding.Words}"
        : IsUnknown ? $"diagnosis {Finding.Rule} stands no longer: nothing was known of it for {RunDiagnosis.MostUnknown.TotalMinutes:0} minutes; it was raised since {Finding.Seen}"
        : $"diagnosis {Finding.Rule} is over: it was raised since {Finding.Seen}";
}
