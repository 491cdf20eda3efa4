using System.Globalization;

namespace Etr.Grains.Diagnosis;

/// <summary>How much a finding wants to be read.</summary>
public enum FindingLevel
{
    /// <summary>Something to know.</summary>
    Notice,

    /// <summary>Something to act on.</summary>
    Bad,
}

/// <summary>Something that is wrong with a run: what was seen, since when, what to try.</summary>
/// <param name="Rule">The rule, as docs/diagnosis.md lists it.</param>
/// <param name="Level">How urgent it is.</param>
/// <param name="Seen">What was seen, with its numbers: a sentence without its full stop.</param>
/// <param name="Try">What to try: a sentence.</param>
/// <param name="SinceStep">The last committed step when it was first seen; 0 before the first.</param>
/// <param name="SinceAt">When that was, by the clock of the run's silo.</param>
[GenerateSerializer, Immutable, Alias("etr.run-finding")]
public sealed record RunFinding(
    [property: Id(0)] string Rule,
    [property: Id(1)] FindingLevel Level,
    [property: Id(2)] string Seen,
    [property: Id(3)] string Try,
    [property: Id(4)] int SinceStep,
    [property: Id(5)] DateTimeOffset SinceAt)
{
    /// <summary>All of it, for people.</summary>
    public string Words => string.Create(
        CultureInfo.InvariantCulture,
        $"{Seen}, since {(SinceStep > 0 ? $"step {SinceStep} " : "")}({SinceAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC). {Try}");
}
