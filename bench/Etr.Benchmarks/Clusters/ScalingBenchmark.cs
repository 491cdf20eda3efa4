using System.Diagnostics;
using System.Globalization;
using Etr.Core.Runs;
using Etr.Grains.Runs;

namespace Etr.Benchmarks.Clusters;

/// <summary>
/// Traces a second with 1, 2 and 4 silos that sample on devices of a fixed speed. The floor of the time is the devices' own:
/// capacity ÷ (tokens × step) traces a second each.
/// </summary>
internal static class ScalingBenchmark
{
    private const int GroupSize = 8;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int[] counts = arguments.Numbers("--silos", "1,2,4");
        int capacity = arguments.Number("--slots", 32);
        int tokens = arguments.Number("--tokens", 64);
        int milliseconds = arguments.Number("--step-ms", 20);
        int groups = arguments.Number("--groups", 64);
        int waves = arguments.Number("--waves", 32);
        int repeats = arguments.Number("--repeats", 1);
        double device = capacity / (tokens * milliseconds / 1000.0);

        Console.WriteLine($"{capacity} slots a silo, {tokens} tokens a trace, {milliseconds} ms a token step, {groups} groups × {GroupSize} a step: floor {device:F2} traces/s a silo");
        Console.WriteLine("silos | traces/s | of the devices' | of linear");
        double one = 0;
        foreach (int silos in counts)
        {
            var rates = new List<double>();
            for (int i = 0; i < repeats; i++)
                rates.Add(await MeasureAsync(silos, capacity, tokens, milliseconds, groups, Math.Max(2, waves * silos * capacity / (groups * GroupSize))));
            double rate = Figures.Median(rates);
            if (one == 0)
                one = rate / silos;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{silos,5} | {rate,8:F2} | {rate / (silos * device),15:F3} | {rate / (silos * one),9:F3}"));
        }

        return 0;
    }

    // Whole steps, from the commit of the first to the commit of the last, so that nothing half done is counted.
    private static async Task<double> MeasureAsync(int silos, int capacity, int tokens, int milliseconds, int groups, int steps)
    {
        await using var cluster = new BenchCluster();
        await cluster.AddAsync("store,learner", engines: null);
        for (int i = 0; i < silos; i++)
            await cluster.AddAsync("sampler", new TimedEngine(capacity, tokens, TimeSpan.FromMilliseconds(milliseconds)));
        IRunGrain run = await cluster.StartRunAsync(new RunOptions { GroupSize = GroupSize, PromptsPerStep = groups }, prompts: 4096);
        long start = await CommittedAsync(run, 1);
        long end = await CommittedAsync(run, 1 + steps);
        return steps * groups * GroupSize / Stopwatch.GetElapsedTime(start, end).TotalSeconds;
    }

    private static async Task<long> CommittedAsync(IRunGrain run, int step)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while ((await run.GetStatusAsync()).Step < step)
            await Task.Delay(10, deadline.Token);
        return Stopwatch.GetTimestamp();
    }
}
