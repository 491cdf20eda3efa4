using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training.Lanes;

/// <summary>
/// Micro-batches side by side, a thread each: a small model's operations are too small to be cut up over threads. The first lane is
/// the calling thread's. Micro-batch i is always lane i mod n's, and lanes are added up in order, so that a number of lanes gives the
/// same bits every time.
/// </summary>
internal sealed class StepLanes : IDisposable
{
    // A lane's micro-batches are no smaller than this: below it a product no longer fills a core.
    private const int FewestTokens = 1024;

    // What the other lanes' gradients may take together. Models beyond it have operations large enough to be cut up.
    private const long MostGradientBytes = 256L << 20;

    private readonly StepLane[] _lanes;
    private readonly LearnerThread[] _threads;
    private readonly int _threadsOfAll;
    private readonly int _threadsOfOne;

    /// <summary>Lanes beside a first one.</summary>
    /// <param name="first">The first; this object disposes it.</param>
    /// <param name="beside">Makes another.</param>
    /// <param name="count">Lanes, at least 1; see <see cref="CountFor"/>.</param>
    /// <param name="threads">Threads of the trainer's tensor operations, at least <paramref name="count"/>.</param>
    public StepLanes(StepLane first, Func<StepLane> beside, int count, int threads)
    {
        _lanes = [first, .. Enumerable.Range(1, count - 1).Select(_ => beside())];
        _threadsOfAll = threads;
        _threadsOfOne = Math.Max(1, threads / count);
        _threads = [.. Enumerable.Range(1, count - 1).Select(lane =>
            new LearnerThread($"etr-learner-{lane + 1}", () => TorchRuntime.UseThreads(_threadsOfOne), () => { }))];
    }

    /// <summary>Lanes.</summary>
    public int Count => _lanes.Length;

    /// <summary>How many lanes a trainer has: one a thread on a CPU, as far as micro-batches stay large enough and gradients small enough; on other devices one.</summary>
    /// <param name="device">Where the model is.</param>
    /// <param name="threads">Threads of the trainer, at least 1.</param>
    /// <param name="microBatchTokens">Most tokens that pass at once, over all lanes.</param>
    /// <param name="trainedBytes">Bytes of what is trained.</param>
    public static int CountFor(DeviceType device, int threads, int microBatchTokens, long trainedBytes)
    {
        if (device != DeviceType.CPU)
            return 1;
        long affordable = 1 + (MostGradientBytes / Math.Max(1, trainedBytes));
        return (int)Math.Min(Math.Min(threads, MostFor(microBatchTokens)), affordable);
    }

    /// <summary>How many lanes micro-batches can be shared out among, however many threads there are.</summary>
    /// <param name="microBatchTokens">Most tokens that pass at once, over all lanes.</param>
    public static int MostFor(int microBatchTokens) => Math.Max(1, microBatchTokens / FewestTokens);

    /// <summary>Does pieces of work, each on its lane, and returns when all are done. Of failures, that of the lowest lane is thrown.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="work">Does one: the lane, the lane's number, the piece's number.</param>
    /// <param name="cancellationToken">Looked at before each piece.</param>
    public void Run(int pieces, Action<StepLane, int, int> work, CancellationToken cancellationToken)
    {
        if (Count == 1)
        {
            Lane(0);
            return;
        }

        Task[] others = [.. _threads.Select((thread, i) => thread.RunAsync(_ => Lane(i + 1), CancellationToken.None))];
        try
        {
            TorchRuntime.UseThreads(_threadsOfOne);
            Lane(0);
        }
        finally
        {
            // Other lanes write where this one is about to read, whatever became of it. They end as it does: piece by piece.
            Task.WhenAll(others).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
            TorchRuntime.UseThreads(_threadsOfAll);
        }

        foreach (Task other in others)
            other.GetAwaiter().GetResult();

        bool Lane(int lane)
        {
            for (int piece = lane; piece < pieces; piece += Count)
            {
                cancellationToken.ThrowIfCancellationRequested();
                work(_lanes[lane], lane, piece);
            }

            return true;
        }
    }

    /// <summary>Every lane's gradients back to zero, whatever an update that was broken off has left: before each update.</summary>
    public void Clear()
    {
        foreach (StepLane lane in _lanes)
            lane.Clear();
    }

    /// <summary>Adds up in the first lane what all gathered.</summary>
    public void Gather()
    {
        foreach (StepLane other in _lanes.Skip(1))
            _lanes[0].Add(other);
    }

    public void Dispose()
    {
        foreach (LearnerThread thread in _threads)
            thread.DisposeAsync().AsTask().Wait();
        foreach (StepLane lane in _lanes)
            lane.Dispose();
    }
}
