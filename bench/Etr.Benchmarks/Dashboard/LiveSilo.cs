using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Etr.Benchmarks.Clusters;
using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Silo.Hosting;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// A whole silo with its pages as a process of its own: store, grains, archive, feed and dashboard are the product's, engine and trainer
/// the benchmark's. It begins or goes on with the run of its data directory; with <c>--until</c> it ends at that step, and else says
/// <c>READY URL RUN</c> and answers <c>steps</c> with when which steps were drawn, until its standard input ends.
/// </summary>
internal static class LiveSilo
{
    private const int GroupSize = 8;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int until = arguments.Number("--until", 0);
        var drawn = new ConcurrentQueue<DrawnStep>();
        var engine = new TimedEngine(
            arguments.Number("--slots", 64), arguments.Number("--tokens", 96), TimeSpan.FromMilliseconds(arguments.Number("--pace", 0)),
            (request, slot, step) => drawn.Enqueue(new DrawnStep(request.PromptIndex, slot, step, Stopwatch.GetTimestamp())));
        await using var cluster = new BenchCluster(directory: arguments.Text("--data", ""));
        EtrHost host = await cluster.AddAsync("store,learner,sampler,dashboard", engine);
        IRunGrain run = await FindAsync(cluster) ?? await cluster.StartRunAsync(
            new RunOptions { GroupSize = GroupSize, PromptsPerStep = arguments.Number("--groups", 10) }, arguments.Number("--prompts", 10_000));
        await run.WakeAsync();
        string name = (await run.GetStatusAsync()).Run;
        if (until > 0)
        {
            while ((await run.GetStatusAsync()).Step < until)
                await Task.Delay(100);
            Console.WriteLine($"READY {host.Url} {name} {(await run.GetStatusAsync()).Step}");
            return 0;
        }

        Console.WriteLine($"READY {host.Url} {name}");
        while (Console.ReadLine() is { } asked)
        {
            if (asked == "steps")
                Console.WriteLine(string.Join(' ', Taken(drawn)));
        }

        return 0;
    }

    private static async Task<IRunGrain?> FindAsync(BenchCluster cluster)
    {
        IReadOnlyList<RunEntry> runs = await cluster.Grains.GetGrain<IRunDirectoryGrain>(0).ListAsync();
        return runs.Count > 0 ? cluster.Grains.GetGrain<IRunGrain>(runs[0].Run) : null;
    }

    // Milliseconds since 1970, as a page's own clock has them.
    private static IEnumerable<string> Taken(ConcurrentQueue<DrawnStep> drawn)
    {
        (double now, long stamp) = ((DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds, Stopwatch.GetTimestamp());
        while (drawn.TryDequeue(out DrawnStep step))
            yield return string.Create(CultureInfo.InvariantCulture, $"{step.Prompt},{step.Slot},{step.Step},{now - Stopwatch.GetElapsedTime(step.At, stamp).TotalMilliseconds:F1}");
    }

    private readonly record struct DrawnStep(uint Prompt, uint Slot, int Step, long At);
}
