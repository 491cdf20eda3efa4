namespace Etr.Grains.Diagnosis;

/// <summary>What a run remembers of its findings.</summary>
[GenerateSerializer, Alias("etr.diagnosis-record")]
internal sealed class DiagnosisRecord
{
    /// <summary>The last step whose figures were looked at.</summary>
    [Id(0)] public int Step { get; set; }

    /// <summary>Of each rule that holds, or did, what is known; by its name.</summary>
    [Id(1)] public Dictionary<string, RuleRecord> Rules { get; set; } = new(StringComparer.Ordinal);
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
}
