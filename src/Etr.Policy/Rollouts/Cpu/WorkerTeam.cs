using Etr.Policy.Runtime;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// Threads that run one piece of work together: the thread that asks is worker 0, the others are the team's own, never the
/// pool's. Within the work they meet at <see cref="Meet"/>, all of them equally often.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    private const int None = int.MaxValue;

    private readonly PhaseBarrier _barrier;
    private Action<int>? _work;
    private Exception? _failure;
    private int _failedPhase = None;
    private int _disposed;

    /// <summary>Starts the team's threads.</summary>
    /// <param name="count">Workers, the asking thread among them; at least 1.</param>
    /// <param name="lowPriority">Whether they leave room for a cluster's probes.</param>
    public WorkerTeam(int count, bool lowPriority)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _barrier = new PhaseBarrier(count);
        for (int worker = 1; worker < count; worker++)
        {
            int index = worker;
            new Thread(() => Help(index, lowPriority))
            {
                Name = $"rollout worker {worker}",
                IsBackground = true,
            }.Start();
        }
    }

    /// <summary>Workers, the asking thread among them.</summary>
    public int Count { get; }

    /// <summary>Runs work on every worker and returns when all are through.</summary>
    /// <param name="work">Given the worker's number, from 0. Where one throws, the others stop at their next meeting.</param>
    public void Run(Action<int> work)
    {
        if (Count == 1)
        {
            work(0);
            return;
        }

        _work = work;
        _barrier.Arrive();
        Take(0);
        _work = null;
        if (_failure is Exception failure)
        {
            (_failure, _failedPhase) = (null, None);
            throw new InvalidOperationException(failure.Message, failure);
        }
    }

    /// <summary>Waits, inside the work, until every worker has come here.</summary>
    public void Meet()
    {
        if (Count == 1)
        {
            return;
        }

        int phase = _barrier.Phase;
        _barrier.Arrive();
        if (FailedBy(phase))
        {
            throw new AbandonedException();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0 && Count > 1)
        {
            _work = null;
            _barrier.Arrive();
        }
    }

    private void Help(int worker, bool lowPriority)
    {
        if (lowPriority)
            ThreadPriorities.Lower();
        while (true)
        {
            _barrier.Arrive();
            if (_work is null)
            {
                return;
            }

            Take(worker);
        }
    }

    // A worker that fails arrives once more where the others are on their way to, so that they see it, and then everybody
    // meets a last time; a phase number keeps a failure from being seen one meeting too early.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "handed to the thread that asked for the work")]
    private void Take(int worker)
    {
        int phase;
        try
        {
            _work!(worker);
            phase = _barrier.Phase;
            _barrier.Arrive();
            if (!FailedBy(phase))
            {
                return;
            }
        }
        catch (AbandonedException)
        {
        }
        catch (Exception e)
        {
            phase = _barrier.Phase;
            Interlocked.CompareExchange(ref _failure, e, null);
            Volatile.Write(ref _failedPhase, phase);
            _barrier.Arrive();
        }

        _barrier.Arrive();
    }

    private bool FailedBy(int phase) => Volatile.Read(ref _failedPhase) <= phase;

    private sealed class AbandonedException : Exception;
}
