namespace Etr.Grains.Diagnosis;

/// <summary>What a run remembers of its findings.</summary>
[GenerateSerializer, Alias("etr.diagnosis-record")]
internal sealed class DiagnosisRecord
{
    /// <summary>The last step whose figures were looked at.</summary>
    [Id(0)] public int Step { get; set; }

    /// <summary>Of each rule that holds, or did, what is known; by its name.</summary>
    [Id(1)] public Dictionary<string, RuleRecord> Rules { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Groups dropped as stale until each of the newest steps, by the step.</summary>
    [Id(90)] public Dictionary<int, long> Stale { get; set; } = [];

    /// <summary>Groups dropped as stale over the newest steps: what all steps dropped, less what was dropped before them.</summary>
    /// <param name="window">How many steps.</param>
    /// <param name="step">The last of them, which is noted.</param>
    /// <param name="stale">Groups dropped until it.</param>
    public long StaleOver(int window, int step, long stale)
    {
        Stale[step] = stale;
        int first = Stale.Keys.Where(known => known <= step - window).DefaultIfEmpty(Stale.Keys.Min()).Max();
        foreach (int old in Stale.Keys.Where(known => known < first).ToArray())
            Stale.Remove(old);
        return stale - Stale[first];
    }
}

/// <summary>What is known of a rule that holds.</summary>
[GenerateSerializer, Alias("etr.rule-record")]
internal sealed class RuleRecord
{
    /// <summary>Evaluations in a row in which it held.</summary>
    [Id(0)] public int Held { get; set; }

    /// <summary>Evaluations in a row, since it was raised, in which it was over.</summary>
    [Id(1)] public int Over { get; set; }

    /// <summary>The finding as it stands; raised once it held long enough.</summary>
    [Id(2)] public required RunFinding Finding { get; set; }

    /// <summary>Whether it is told.</summary>
    [Id(3)] public bool IsRaised { get; set; }

    /// <summary>When it was found to be over for the first time of those in a row; null where it is not.</summary>
    [Id(90)] public DateTimeOffset? OverSince { get; set; }

    /// <summary>Since when its figure is not known; null where it is.</summary>
    [Id(91)] public DateTimeOffset? UnknownSince { get; set; }

    /// <summary>What it was compared with when it held for the first time; null where it is a rule that compares nothing.</summary>
    [Id(92)] public Baseline? Baseline { get; set; }
}
