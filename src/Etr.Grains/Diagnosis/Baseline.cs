namespace Etr.Grains.Diagnosis;

/// <summary>What newer steps are compared with. It stays with a finding, so that one ends where the figure comes back and not where it stays.</summary>
/// <param name="Figures">The medians of the figures of a rule, in its order; none is not a number.</param>
/// <param name="Step">The newest step that they are of.</param>
[GenerateSerializer, Immutable, Alias("etr.diagnosis-baseline")]
internal sealed record Baseline([property: Id(90)] double[] Figures, [property: Id(91)] int Step);
