namespace Etr.Silo.Chaos;

/// <summary>What <c>etr chaos</c> was asked for.</summary>
internal sealed record ChaosRequest
{
    /// <summary>Seed of the faults: the same seed, the same faults in the same order.</summary>
    public required int Seed { get; init; }

    /// <summary>How long; faults stop after it.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Most faults; 0 for no limit.</summary>
    public required int Faults { get; init; }

    /// <summary>Where the faults are logged; null logs nowhere.</summary>
    public string? Log { get; init; }

    /// <summary>Directory for what each silo writes; null keeps its last lines only.</summary>
    public string? Transcripts { get; init; }

    /// <summary><c>host:port</c> of a Redis of yours, which is spared; null lets the first silo host the store, which is not.</summary>
    public string? Redis { get; init; }
}

/// <summary>A fault.</summary>
internal enum Fault
{
    /// <summary>kill -9; started again after a pause.</summary>
    Kill,

    /// <summary>SIGSTOP for a while, then SIGCONT; started again where the others had given it up.</summary>
    Freeze,

    /// <summary>SIGTERM; another sampler takes its place.</summary>
    Drain,

    /// <summary>One more sampler.</summary>
    Add,
}

/// <summary>Draws faults from a seed.</summary>
internal sealed class ChaosPlan(int seed)
{
    private const int MostSamplers = 3;
    private readonly Random _random = new(seed);

    /// <summary>The next fault and which of the silos it hits; an <see cref="Fault.Add"/> hits none.</summary>
    /// <param name="samplers">Live silos that only sample.</param>
    /// <param name="learners">Live silos that may train.</param>
    public (Fault Fault, int Victim, TimeSpan Pause) Next(int samplers, int learners)
    {
        // Samplers come and go all the time; the learner's silo dies less often.
        double what = _random.NextDouble();
        double length = _random.NextDouble();
        int victim = _random.Next(samplers);
        int learner = samplers + _random.Next(learners);
        if (samplers < MostSamplers && what < 0.15)
            return (Fault.Add, -1, TimeSpan.Zero);
        if (samplers > 1 && what < 0.35)
            return (Fault.Drain, victim, TimeSpan.Zero);
        if (what < 0.55)
            return (Fault.Freeze, victim, TimeSpan.FromSeconds(2 + 8 * length));
        if (what < 0.6)
            return (Fault.Freeze, learner, TimeSpan.FromSeconds(2 + 4 * length));
        return (Fault.Kill, what < 0.85 ? victim : learner, TimeSpan.FromSeconds(2 * length));
    }
}
