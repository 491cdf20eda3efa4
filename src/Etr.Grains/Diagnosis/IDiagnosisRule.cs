namespace Etr.Grains.Diagnosis;

/// <summary>One thing that may be wrong with a run: a pure function of what is seen.</summary>
internal interface IDiagnosisRule
{
    /// <summary>Its name, which is also the metric's tag.</summary>
    string Name { get; }

    FindingLevel Level { get; }

    /// <summary>Whether it is about this moment, and looked at now and then; else about steps, and looked at once a step.</summary>
    bool IsLive { get; }

    /// <summary>What a person should try: one sentence.</summary>
    string Try { get; }

    /// <summary>The figure that it is about; null where there is none (yet).</summary>
    RuleReading? Read(DiagnosisView view);
}

/// <summary>A figure and its limit.</summary>
/// <param name="Value">The figure.</param>
/// <param name="Limit">The rule holds where the figure is above it.</param>
/// <param name="Slack">By how much the figure must be below the limit for the finding to be cleared.</param>
/// <param name="Seen">The figure in words, without a full stop.</param>
internal readonly record struct RuleReading(double Value, double Limit, double Slack, string Seen)
{
    /// <summary>What to try, where that depends on what was seen; null for the rule's own words.</summary>
    public string? Try { get; init; }

    /// <summary>What the figure was compared with; null where with nothing.</summary>
    public Baseline? Baseline { get; init; }

    public bool Holds => Value > Limit;

    public bool IsOver => Value <= Limit - Slack;
}
