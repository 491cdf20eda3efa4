using System.Diagnostics;
using System.Globalization;
using Etr.Core.Runs;
using Etr.Grains.Groups;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Silo.Chaos;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;

namespace Etr.Benchmarks.Clusters;

/// <summary>
/// What the loss of a sampler costs: real processes, of which one that holds leases is killed or frozen. Measured are the
/// seconds from the signal to the first new token and to the first ended trace of a slot that it held, and the tokens that are
/// drawn twice. The floor is the time in which membership may notice: at once for a killed process, which refuses its probes, and
/// some probes of a second for a frozen one.
/// </summary>
internal sealed class FailoverBenchmark : IAsyncDisposable
{
    private const int GroupSize = 8;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Answer = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("etr-bench-").FullName;
    private readonly Dictionary<string, ChildSilo> _samplers = [];
    private readonly Arguments _arguments;
    private ChildSilo? _learner;
    private ClusterDoor? _door;
    private string _run = "";
    private int _groups;

    private FailoverBenchmark(Arguments arguments) => _arguments = arguments;

    private IGrainFactory Grains => _door!.Grains;

    private HostSettings Host => new() { Data = _directory, Cluster = new ClusterSettings { ClusterId = BenchCluster.Name } };

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int kills = arguments.Number("--kills", 10);
        await using var benchmark = new FailoverBenchmark(arguments);
        await benchmark.StartAsync();
        Console.WriteLine("fault  | lost slots | first new token, s | first ended trace, s | told tokens lost: host lived / host died | tokens of the step drawn again: median / longest");
        foreach ((string fault, int times) in ((string, int)[])[("kill", kills), ("freeze", arguments.Number("--freezes", kills / 2))])
        {
            var losses = new List<Loss>();
            while (losses.Count < times)
            {
                Loss loss = await benchmark.LoseAsync(fault);
                losses.Add(loss);
                Console.WriteLine($"{fault,-6} | {loss}");
            }

            if (losses.Count > 0)
                Console.WriteLine(Summary(fault, losses));
        }

        return 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_door is not null)
            await _door.DisposeAsync();
        foreach (ChildSilo sampler in _samplers.Values)
            await sampler.DisposeAsync();
        if (_learner is not null)
            await _learner.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Summary(string fault, List<Loss> losses)
    {
        string Over(Func<Loss, double> figure) => string.Create(
            CultureInfo.InvariantCulture, $"median {Figures.Median(losses.Select(figure)):F2}, longest {losses.Max(figure):F2}");
        int[] steps = [.. losses.SelectMany(loss => loss.StepTokens)];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{fault} × {losses.Count}: new token after {Over(loss => loss.Token)} s; ended trace after {Over(loss => loss.Ended)} s; told tokens lost, most a slot: {losses.Max(loss => loss.HostLived)} where the group's host lived, {losses.Max(loss => loss.HostDied)} where it died; tokens of the step drawn again: median {Figures.Median(steps.Select(step => (double)step)):F0}, most {steps.DefaultIfEmpty().Max()}");
    }

    private async Task StartAsync()
    {
        _groups = _arguments.Number("--groups", 24);
        string[] place = ["--set", $"Etr:Data={_directory}", "--set", $"Etr:Cluster:ClusterId={BenchCluster.Name}"];
        _learner = ChildSilo.Start("store,learner", place, transcripts: null);
        await _learner.ReadyAsync(CancellationToken.None);
        for (int i = 0; i < _arguments.Number("--samplers", 3); i++)
            await AddSamplerAsync();
        _door = await ClusterDoor.OpenAsync(Host, CancellationToken.None);
        var configuration = new RunConfiguration
        {
            Run = new RunOptions { GroupSize = GroupSize, PromptsPerStep = _groups, Steps = 1_000_000, StopAfterQuietSteps = 0 },
            Policy = new PolicyOptions { Path = StartingPolicy.Locate("models/arithmetic"), Threads = 1 },
            Evaluation = new EvaluationOptions { Prompts = 0 },
        };
        StartedRun started = await Grains.GetGrain<IRunStarterGrain>(0).StartAsync(RunConfigurationJson.Write(configuration));
        _run = started.Problem.Length == 0 ? started.Run : throw new InvalidOperationException(started.Problem);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while ((await Grains.GetGrain<IRunGrain>(_run).GetStatusAsync()).Step < 2)
            await Task.Delay(100, deadline.Token);
    }

    private async Task AddSamplerAsync()
    {
        var silo = ChildSilo.Start("sampler", [
            "--set", $"Etr:Data={_directory}", "--set", $"Etr:Cluster:ClusterId={BenchCluster.Name}", "--join", ClusterDoor.Find(Host).Endpoint,
            "--devices", "cpu:1", "--set", $"Etr:Policy:Slots={_arguments.Number("--slots", 32)}"], transcripts: null);
        string ready = await silo.ReadyAsync(CancellationToken.None);
        string name = ready.Split(' ').Single(word => word.StartsWith("silo=", StringComparison.Ordinal))[5..];
        _samplers[name] = silo;
    }

    private async Task<Loss> LoseAsync(string fault)
    {
        (string victim, List<LostSlot> slots) = await FindVictimAsync();
        ChildSilo silo = _samplers[victim];
        long start = Stopwatch.GetTimestamp();
        if (fault == "kill")
            await silo.KillAsync();
        else
            silo.Freeze();
        await FollowAsync(slots, start);
        await silo.DisposeAsync();
        _samplers.Remove(victim);
        await AddSamplerAsync();

        // The next one finds the cluster whole again.
        int step = (await Grains.GetGrain<IRunGrain>(_run).GetStatusAsync()).Step;
        using var deadline = new CancellationTokenSource(Deadline);
        while ((await Grains.GetGrain<IRunGrain>(_run).GetStatusAsync()).Step < step + 2 || (await Grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync()).Samplers.Count < _samplers.Count)
            await Task.Delay(100, deadline.Token);
        return new Loss([.. slots.Where(slot => slot.FirstToken is not null)]);
    }

    private async Task<(string Victim, List<LostSlot> Slots)> FindVictimAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            PoolStatus pool = await Grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync();
            if (pool.Samplers.Count == _samplers.Count && pool.Samplers.OrderByDescending(sampler => sampler.Used).First() is { Used: >= GroupSize } sampler)
            {
                string name = sampler.Sampler[..sampler.Sampler.LastIndexOf('/')];
                List<LostSlot> held = await HeldAsync(sampler.Sampler, name);
                if (held.Count > 0)
                    return (name, held);
            }

            await Task.Delay(20, deadline.Token);
        }
    }

    private async Task<List<LostSlot>> HeldAsync(string sampler, string silo)
    {
        long created = (await Grains.GetGrain<IRunGrain>(_run).GetStatusAsync()).Groups.Created;
        var management = Grains.GetGrain<IManagementGrain>(0);
        SiloAddress[] dying = [.. (await management.GetDetailedHosts(onlyActive: true)).Where(host => host.SiloName == silo).Select(host => host.SiloAddress)];
        long[] ordinals = [.. Enumerable.Range(0, _groups).Select(back => created - 1 - back)];
        var hosts = await Task.WhenAll(ordinals.Select(async ordinal => await management.GetActivationAddress(Group(ordinal))));
        GroupView[] views = await Task.WhenAll(ordinals.Select(ordinal => Group(ordinal).GetViewAsync()));
        return
        [
            .. from pair in views.Zip(hosts)
               from trace in pair.First.Traces
               where pair.First.Phase == GroupPhase.Rolling && trace.Sampler == sampler && !trace.Ended && trace.Attempt > 0
               select new LostSlot(pair.First.Ordinal, trace, HostDies: pair.Second is { } host && dying.Contains(host)),
        ];
    }

    private IGroupGrain Group(long ordinal) => Grains.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(_run, ordinal));

    private async Task FollowAsync(List<LostSlot> slots, long start)
    {
        while (slots.Any(slot => slot.Open) && Stopwatch.GetElapsedTime(start) < Deadline)
        {
            // A slot whose trace ended before the signal took effect was never lost.
            await Task.WhenAll(slots.Where(slot => slot.Open).GroupBy(slot => slot.Ordinal).Select(async group =>
            {
                if (await ViewAsync(group.Key) is not { Traces.Count: > 0 } view)
                    return;
                foreach (LostSlot slot in group)
                    slot.Look(view.Traces[slot.Slot], Stopwatch.GetElapsedTime(start).TotalSeconds);
            }));
            await Task.Delay(Look);
        }
    }

    // The group may have lived on the lost silo: the question is then asked again, where it came up anew.
    private async Task<GroupView?> ViewAsync(long ordinal)
    {
        try
        {
            return await Group(ordinal).GetViewAsync().WaitAsync(Answer);
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException)
        {
            return null;
        }
    }

    /// <summary>A slot that the lost sampler held.</summary>
    private sealed class LostSlot(long ordinal, TraceView before, bool HostDies)
    {
        private readonly int _tokensBefore = before.TokenTexts.Count;
        private int _kept = before.TokenTexts.Count;
        private int _keptStep = before.StepEntropies.Count;

        public long Ordinal => ordinal;

        public int Slot => before.Slot;

        public bool HostDied => HostDies;

        public bool Open { get; private set; } = true;

        /// <summary>Seconds to the first new token under a new lease; null where the slot was not lost.</summary>
        public double? FirstToken { get; private set; }

        public double? EndedAfter { get; private set; }

        /// <summary>Tokens that the group had been told and that are drawn again.</summary>
        public int ToldLost => Math.Max(0, _tokensBefore - _kept);

        /// <summary>Tokens of the first step under the new lease: no more than these were drawn and not told.</summary>
        public int StepTokens { get; private set; }

        public void Look(TraceView now, double seconds)
        {
            if (now.Attempt <= before.Attempt)
            {
                (_kept, _keptStep) = (now.TokenTexts.Count, now.StepEntropies.Count);
                Open = !now.Ended;
                return;
            }

            if (now.TokenTexts.Count < _kept)
                (_kept, _keptStep) = (now.TokenTexts.Count, now.StepEntropies.Count);
            if (FirstToken is null && now.TokenTexts.Count > _kept)
            {
                FirstToken = seconds;
                StepTokens = now.TokenSteps.Skip(_kept).TakeWhile(step => step == now.TokenSteps[_kept]).Count();
            }

            if (!now.Ended)
                return;
            FirstToken ??= seconds;
            EndedAfter = seconds;
            Open = false;
        }
    }

    /// <summary>One loss: its slots that were drawn again.</summary>
    private sealed record Loss(LostSlot[] Slots)
    {
        public double Token => Slots.Min(slot => slot.FirstToken) ?? double.NaN;

        public double Ended => Slots.Min(slot => slot.EndedAfter) ?? double.NaN;

        public int HostLived => Slots.Where(slot => !slot.HostDied).Select(slot => slot.ToldLost).DefaultIfEmpty().Max();

        public int HostDied => Slots.Where(slot => slot.HostDied).Select(slot => slot.ToldLost).DefaultIfEmpty().Max();

        public IEnumerable<int> StepTokens => Slots.Where(slot => slot.StepTokens > 0).Select(slot => slot.StepTokens);

        public double Last => Slots.Max(slot => slot.EndedAfter) ?? double.NaN;

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Slots.Length,10} | {Token,18:F2} | {Ended,10:F2} (all {Last:F2}) | {HostLived} / {HostDied} | {Figures.Median(StepTokens.Select(step => (double)step)):F0} / {StepTokens.DefaultIfEmpty().Max()}");
    }
}
