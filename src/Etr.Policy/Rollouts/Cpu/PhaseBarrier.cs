namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// A barrier for a fixed number of threads that meet every few microseconds: whoever comes early spins for a moment, and
/// parks where the others keep it waiting, so that a machine with fewer free cores than threads does not burn them.
/// </summary>
internal sealed class PhaseBarrier(int parties)
{
    // About twenty microseconds: longer than a phase of a small model, much shorter than a time slice. Where spinning was in
    // vain, the next tries are shorter: the others have no core to come on.
    private const int MostSpins = 400;
    private const int FewestSpins = 25;
    private const int Pause = 2;

    private readonly object _parking = new();
    private int _arrived;
    private int _phase;
    private int _parked;
    private int _spins = MostSpins;

    /// <summary>Number of meetings so far; stands still between a thread's own two arrivals.</summary>
    public int Phase => Volatile.Read(ref _phase);

    /// <summary>Arrives and waits for the others.</summary>
    public void Arrive()
    {
        int phase = Volatile.Read(ref _phase);
        if (Interlocked.Increment(ref _arrived) == parties)
        {
            Volatile.Write(ref _arrived, 0);
            // A full fence: either a thread that goes to park sees the new phase, or this one sees it parked.
            Interlocked.Increment(ref _phase);
            if (Volatile.Read(ref _parked) > 0)
            {
                lock (_parking)
                {
                    Monitor.PulseAll(_parking);
                }
            }

            return;
        }

        int spins = Volatile.Read(ref _spins);
        for (int i = 0; i < spins; i++)
        {
            if (Volatile.Read(ref _phase) != phase)
            {
                Volatile.Write(ref _spins, Math.Min(MostSpins, spins + FewestSpins));
                return;
            }

            Thread.SpinWait(Pause);
        }

        Volatile.Write(ref _spins, Math.Max(FewestSpins, spins / 2));
        Park(phase);
    }

    private void Park(int phase)
    {
        lock (_parking)
        {
            Interlocked.Increment(ref _parked);
            while (Volatile.Read(ref _phase) == phase)
            {
                Monitor.Wait(_parking);
            }

            Interlocked.Decrement(ref _parked);
        }
    }
}
