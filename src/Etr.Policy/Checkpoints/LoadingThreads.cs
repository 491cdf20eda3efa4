using System.Runtime.ExceptionServices;

namespace Etr.Policy.Checkpoints;

/// <summary>
/// Shares out the reading of weights over a few threads of its own, the caller's among them: what copies, widens and turns a page is slower
/// than what reads it.
/// </summary>
internal static class LoadingThreads
{
    // More share a memory bus that few can fill.
    private const int Most = 8;

    /// <summary>Runs a piece of work a number of times and returns when all are through.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="work">Given the piece, from 0; each once, in any order and from several threads.</param>
    public static void Run(int pieces, Action<int> work) => Run<int>(pieces, static () => 0, (piece, _) => work(piece), static _ => { });

    /// <summary>Runs a piece of work a number of times, with something that each thread makes for itself.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="begin">Makes a thread's own.</param>
    /// <param name="work">Given the piece, from 0, and the thread's own.</param>
    /// <param name="end">Told a thread's own when it has no more to do.</param>
    /// <remarks>What one throws ends the others before their next piece, and is thrown here.</remarks>
    public static void Run<T>(int pieces, Func<T> begin, Action<int, T> work, Action<T> end)
    {
        int next = -1;
        ExceptionDispatchInfo? failure = null;
        Thread[] helpers = [.. Enumerable.Range(1, Math.Max(0, Math.Min(Math.Min(Most, Environment.ProcessorCount), pieces) - 1)).Select(number =>
            new Thread(Share) { Name = $"loading {number}", IsBackground = true })];
        foreach (Thread helper in helpers)
            helper.Start();
        Share();
        foreach (Thread helper in helpers)
            helper.Join();
        failure?.Throw();

        [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "thrown on the caller's thread")]
        void Share()
        {
            try
            {
                T own = begin();
                try
                {
                    for (int piece = Interlocked.Increment(ref next); piece < pieces && Volatile.Read(ref failure) is null; piece = Interlocked.Increment(ref next))
                        work(piece, own);
                }
                finally
                {
                    end(own);
                }
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            }
        }
    }
}
