using System.Diagnostics;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Etr.Benchmarks;

/// <summary>What this machine does at best right now, to set measured work against.</summary>
internal static class MachineRates
{
    /// <summary>Floating-point operations a second of a large fp32 matrix product, best of several.</summary>
    public static double GemmFlops()
    {
        const int size = 1024;
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = torch.rand(size, size);
        torch.Tensor b = torch.rand(size, size);
        torch.Tensor c = torch.empty(size, size);
        return Best(20, () => c.copy_(torch.mm(a, b)), 2.0 * size * size * size);
    }

    /// <summary>Fused multiply-adds a second, two operations each, that so many threads make in registers alone: what no product can exceed.</summary>
    /// <param name="threads">Threads, a core each.</param>
    public static double FusedFlops(int threads)
    {
        const long rounds = 20_000_000;
        double best = 0;
        for (int i = 0; i < 5; i++)
        {
            Thread[] all = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() => Fused(rounds)))];
            long start = Stopwatch.GetTimestamp();
            Array.ForEach(all, thread => thread.Start());
            Array.ForEach(all, thread => thread.Join());
            best = Math.Max(best, threads * rounds * 12.0 * 2 * Vector512<float>.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    /// <summary>Bytes a second read by a sum over memory that fits no cache, best of several.</summary>
    public static double ReadBytes()
    {
        const long count = 64L << 20;
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor values = torch.ones(count);
        return Best(5, () => values.sum(), 4.0 * count);
    }

    // Twelve sums that do not wait for one another.
    private static float Fused(long rounds)
    {
        Vector512<float> w = Vector512.Create(0.5f), a = w, b = w, c = w, d = w, e = w, f = w, g = w, h = w, i = w, j = w, k = w, l = w;
        for (long round = 0; round < rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, w, w);
            b = Vector512.FusedMultiplyAdd(b, w, w);
            c = Vector512.FusedMultiplyAdd(c, w, w);
            d = Vector512.FusedMultiplyAdd(d, w, w);
            e = Vector512.FusedMultiplyAdd(e, w, w);
            f = Vector512.FusedMultiplyAdd(f, w, w);
            g = Vector512.FusedMultiplyAdd(g, w, w);
            h = Vector512.FusedMultiplyAdd(h, w, w);
            i = Vector512.FusedMultiplyAdd(i, w, w);
            j = Vector512.FusedMultiplyAdd(j, w, w);
            k = Vector512.FusedMultiplyAdd(k, w, w);
            l = Vector512.FusedMultiplyAdd(l, w, w);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    private static double Best(int times, Func<torch.Tensor> work, double amount)
    {
        double best = 0;
        for (int i = 0; i < times; i++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            long start = Stopwatch.GetTimestamp();
            work();
            best = Math.Max(best, amount / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
