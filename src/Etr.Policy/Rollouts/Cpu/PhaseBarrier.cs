namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// A barrier for a fixed number of threads that meet every few microseconds: whoever comes early spins for a moment, and
/// parks where the others keep it waiting, so that a machine with fewer free cores than threads does not burn them.
/// </summary>
internal sealed class PhaseBarrier(int parties)
{
    // About twenty microseconds: longer than a phase of a small model, much shorter than a time slice.
    private const int Spins = 400;
    private const int Pause = 2;

    private readonly object _parking = new();
    private int _arrived;
    private int _phase;
    private int _parked;

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

        for (int i = 0; i < Spins; i++)
        {
            if (Volatile.Read(ref _phase) != phase)
            {
                return;
            }

            Thread.SpinWait(Pause);
        }

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
