using System.Diagnostics;
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

    /// <summary>Bytes a second read by a sum over memory that fits no cache, best of several.</summary>
    public static double ReadBytes()
    {
        const long count = 64L << 20;
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor values = torch.ones(count);
        return Best(5, () => values.sum(), 4.0 * count);
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
