using System.Diagnostics;
using System.Globalization;
using Etr.Core.Files;
using Etr.Core.Runs;
using Etr.Grains;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Etr.Benchmarks.Clusters;

/// <summary>
/// Everything but tensors: groups a second where engines answer at once and the trainer writes a few bytes, with every durability
/// rule in force; and what a large data set costs. The floors are measured in the same process: durable writes, durable files and
/// calls between grains by themselves.
/// </summary>
internal static class ControlPlaneBenchmark
{
    private const int GroupSize = 8;
    private const int WritesPerGroup = 4;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        string part = arguments.Text("--part", "all");
        if (part is "all" or "groups")
            await GroupsAsync(arguments);
        if (part is "all" or "floors")
            await FloorsAsync();
        if (part is "all" or "prompts")
            await PromptsAsync(arguments);
        return 0;
    }

    private static async Task GroupsAsync(Arguments arguments)
    {
        int runs = arguments.Number("--runs", 4);
        int groups = arguments.Number("--groups", 256);
        int tokens = arguments.Number("--tokens", 32);
        int seconds = arguments.Number("--seconds", 20);
        await using var cluster = new BenchCluster();
        using var meter = new StoreMeter();
        await cluster.AddAsync("store,learner,sampler", new TimedEngine(arguments.Number("--slots", 4096), tokens, TimeSpan.Zero));
        Console.WriteLine($"{runs} runs of {groups} groups × {GroupSize} traces of {tokens} tokens a step");
        var started = new List<IRunGrain>();
        for (int i = 0; i < runs; i++)
            started.Add(await cluster.StartRunAsync(new RunOptions { GroupSize = GroupSize, PromptsPerStep = groups, Seed = i + 1 }, prompts: 100_000));

        // Warm once every run has committed twice and what is called all the time has been compiled for good.
        int warm = arguments.Number("--warm", 20);
        var followers = started.Select(run => new Follower(run)).ToArray();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        long begin = Stopwatch.GetTimestamp();
        while (followers.Any(follower => follower.Step < 2) || Stopwatch.GetElapsedTime(begin).TotalSeconds < warm)
            await LookAsync(followers, deadline.Token);
        using Process self = Process.GetCurrentProcess();
        (long writes, long reads, TimeSpan busy, long since) = (meter.Writes, meter.Reads, self.TotalProcessorTime, Stopwatch.GetTimestamp());
        (long allocated, TimeSpan paused, int collections) = (GC.GetTotalAllocatedBytes(), GC.GetTotalPauseDuration(), GC.CollectionCount(0));
        foreach (Follower follower in followers)
            follower.Begin();
        while (Stopwatch.GetElapsedTime(since).TotalSeconds < seconds)
            await LookAsync(followers, deadline.Token);
        double elapsed = Stopwatch.GetElapsedTime(since).TotalSeconds;
        self.Refresh();
        double cpu = (self.TotalProcessorTime - busy).TotalSeconds;
        double rate = followers.Sum(follower => follower.Rate);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rate:F0} groups/s ({rate * GroupSize:F0} traces/s) over {elapsed:F0} s; {(meter.Writes - writes) / (rate * elapsed):F2} durable writes and {(meter.Reads - reads) / (rate * elapsed):F2} reads a group; " +
            $"{cpu / elapsed:F2} cores busy, {1000 * cpu / (rate * elapsed):F2} ms of a core a group, {(GC.GetTotalAllocatedBytes() - allocated) / (rate * elapsed) / 1024:F0} KB allocated a group, GC paused {(GC.GetTotalPauseDuration() - paused).TotalSeconds / elapsed:P1} in {(GC.CollectionCount(0) - collections) / elapsed:F0} collections/s"));
        foreach (Follower follower in followers)
        {
            StepSummary? last = (await follower.Run.GetStatusAsync()).LastStep;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {follower.Rate:F0} groups/s; last step: rollouts {last?.RolloutSeconds:F2} s, commit {last?.CommitSeconds:F3} s"));
            await follower.Run.StopAsync("measured");
        }
    }

    private static async Task LookAsync(Follower[] followers, CancellationToken cancellationToken)
    {
        foreach (Follower follower in followers)
            await follower.LookAsync();
        await Task.Delay(100, cancellationToken);
    }

    /// <summary>What one operator gives where it has the machine for itself.</summary>
    private static async Task FloorsAsync()
    {
        await using var cluster = new BenchCluster();
        EtrHost host = await cluster.AddAsync("store,learner,sampler", new TimedEngine(1, 1, TimeSpan.Zero));
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>(EtrStorage.Name);
        double writes = await RateAsync(64, async worker =>
        {
            var state = new GrainState<byte[]>(new byte[1024]);
            var id = GrainId.Create("floor", worker.ToString(CultureInfo.InvariantCulture));
            return async () => await storage.WriteStateAsync("floor", id, state);
        });
        string folder = Path.Combine(cluster.DataDirectory, "floor");
        byte[] body = new byte[8192];
        long number = 0;
        using var writer = new DurableWriter();
        double files = await RateAsync(64, worker => Task.FromResult<Func<Task>>(
            () => writer.WriteAsync(Path.Combine(folder, Interlocked.Increment(ref number).ToString(CultureInfo.InvariantCulture)), body, CancellationToken.None)));
        double calls = await RateAsync(64, worker =>
        {
            IRunGrain run = cluster.Grains.GetGrain<IRunGrain>($"floor-{worker}");
            return Task.FromResult<Func<Task>>(() => run.GetStartAsync());
        });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"floors, each alone: {writes:F0} durable writes of 1 KB/s ({writes / WritesPerGroup:F0} groups/s at {WritesPerGroup} a group); {files:F0} durable files of 8 KB/s; {calls:F0} calls between grains/s"));
    }

    private static async Task<double> RateAsync(int workers, Func<int, Task<Func<Task>>> make)
    {
        long done = 0;
        bool counts = false;
        using var stop = new CancellationTokenSource();
        Task[] all = [.. Enumerable.Range(0, workers).Select(worker => Task.Run(async () =>
        {
            Func<Task> act = await make(worker);
            while (!stop.IsCancellationRequested)
            {
                await act();
                if (Volatile.Read(ref counts))
                    Interlocked.Increment(ref done);
            }
        }))];
        await Task.Delay(TimeSpan.FromSeconds(2));
        Volatile.Write(ref counts, true);
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(4));
        double rate = Interlocked.Read(ref done) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(all);
        return rate;
    }

    private static async Task PromptsAsync(Arguments arguments)
    {
        const int few = 1000;
        int many = arguments.Number("--prompts", 1_000_000);
        int activated = arguments.Number("--activated", 100_000);
        await using var cluster = new BenchCluster();
        await cluster.AddAsync("store,learner", engines: null);

        // The first start compiles; of the others the median counts, in turn.
        await StartAsync(cluster, few);
        List<double> small = [], large = [];
        for (int i = 0; i < 5; i++)
        {
            small.Add(await StartAsync(cluster, few));
            large.Add(await StartAsync(cluster, many));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"start until the first group is open: {Figures.Median(small):F0} ms with {few} prompts, {Figures.Median(large):F0} ms with {many}"));

        IRunGrain run = await cluster.StartRunAsync(new RunOptions { PromptsPerStep = 1 }, many);
        string name = (await run.GetStatusAsync()).Run;
        await ActivateAsync(cluster, name, many - few, many);
        long before = Live();
        long start = Stopwatch.GetTimestamp();
        await ActivateAsync(cluster, name, 0, activated);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double bytes = (Live() - before) / (double)activated;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{activated} prompts activated in {seconds:F1} s ({activated / seconds:F0}/s): {bytes:F0} bytes of managed memory each, idle"));
    }

    private static async Task<double> StartAsync(BenchCluster cluster, int prompts)
    {
        long start = Stopwatch.GetTimestamp();
        IRunGrain run = await cluster.StartRunAsync(new RunOptions { PromptsPerStep = 1 }, prompts);
        string name = (await run.GetStatusAsync()).Run;
        var group = cluster.Grains.GetGrain<Grains.Groups.IGroupGrain>(Grains.Groups.IGroupGrain.KeyOf(name, 0));
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while ((await group.GetViewAsync()).Phase == Grains.Groups.GroupPhase.Unknown)
            await Task.Delay(1, deadline.Token);
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await run.StopAsync("measured");
        return milliseconds;
    }

    private static async Task ActivateAsync(BenchCluster cluster, string run, int from, int to)
    {
        const int atOnce = 256;
        foreach (int[] some in Enumerable.Range(from, to - from).Chunk(atOnce))
            await Task.WhenAll(some.Select(prompt => cluster.Grains.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(run, prompt)).GetViewAsync()));
    }

    private static long Live()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    /// <summary>Follows a run's commits; its rate is of whole steps.</summary>
    private sealed class Follower(IRunGrain run)
    {
        private (long Consumed, long At) _first;
        private (long Consumed, long At) _last;
        private bool _began;

        public IRunGrain Run => run;

        public int Step { get; private set; }

        public double Rate => _last.Consumed > _first.Consumed ? (_last.Consumed - _first.Consumed) / Stopwatch.GetElapsedTime(_first.At, _last.At).TotalSeconds : 0;

        public void Begin() => (_began, _first, _last) = (true, default, default);

        public async Task LookAsync()
        {
            RunStatus status = await run.GetStatusAsync();
            if (status.Step == Step)
                return;
            Step = status.Step;
            _last = (status.Groups.Consumed, Stopwatch.GetTimestamp());
            if (_began && _first.At == 0)
                _first = _last;
        }
    }
}
