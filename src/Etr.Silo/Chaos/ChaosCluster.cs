using System.Globalization;
using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Silo.Audits;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;
using Etr.Silo.Store;
using Etr.Silo.Training;

namespace Etr.Silo.Chaos;

/// <summary>The cluster that is broken: silos that may train, silos that sample, a run that goes on as long as it is let.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const int Samplers = 2;
    private const int LongRun = 1_000_000;
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(5);

    // Who looks whether the run goes on may have asked a silo that has just died, and asks again soon.
    private static readonly TimeSpan ShortAnswer = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private readonly TimeProvider _time;
    private readonly HostSettings _host;
    private readonly string? _redis;
    private readonly string? _transcripts;
    private readonly List<ChildSilo> _samplers = [];
    private readonly List<ChildSilo> _learners = [];
    private ClusterDoor? _door;

    private ChaosCluster(string directory, ChaosRequest request, TimeProvider time)
    {
        (_redis, _transcripts, _time) = (request.Redis, request.Transcripts, time);
        string clusterId = string.Create(CultureInfo.InvariantCulture, $"chaos-{Environment.ProcessId}");
        _host = new HostSettings { Data = directory, Cluster = new ClusterSettings { ClusterId = clusterId, Join = request.Redis ?? "" } };
    }

    /// <summary>Silos that sample.</summary>
    public IReadOnlyList<ChildSilo> SamplerSilos => _samplers;

    /// <summary>Silos that may train; without a Redis of yours the one of them hosts the store.</summary>
    public IReadOnlyList<ChildSilo> LearnerSilos => _learners;

    /// <summary>The run's name.</summary>
    public string Run { get; private set; } = "";

    /// <summary>Starts the cluster and the run on it.</summary>
    /// <exception cref="CommandFailure">Something did not come up.</exception>
    public static async Task<ChaosCluster> StartAsync(string directory, ChaosRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var cluster = new ChaosCluster(directory, request, time);
        try
        {
            for (int i = 0; i < (request.Redis is null ? 1 : 2); i++)
                await cluster.StartLearnerAsync(cancellationToken);
            await Task.WhenAll(Enumerable.Range(0, Samplers).Select(_ => cluster.StartSamplerAsync(cancellationToken)));
            await cluster.StartRunAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more silo that samples.</summary>
    public async Task<ChildSilo> StartSamplerAsync(CancellationToken cancellationToken)
    {
        var silo = ChildSilo.Start("sampler", [.. Place(), "--join", JoinPoint(), "--devices", "cpu:1"], _transcripts);
        _samplers.Add(silo);
        await silo.ReadyAsync(cancellationToken);
        return silo;
    }

    /// <summary>One more silo that may train, and hosts the store where nobody else does.</summary>
    public async Task<ChildSilo> StartLearnerAsync(CancellationToken cancellationToken)
    {
        var silo = ChildSilo.Start(_redis is null ? "store,learner" : "learner", [.. Place(), .. _redis is null ? (string[])[] : ["--set", $"Etr:Cluster:Redis={_redis}"]], _transcripts);
        _learners.Add(silo);
        await silo.ReadyAsync(cancellationToken);
        return silo;
    }

    /// <summary>A silo is gone: nothing more is done to it.</summary>
    public async Task ForgetAsync(ChildSilo silo)
    {
        _samplers.Remove(silo);
        _learners.Remove(silo);
        await silo.DisposeAsync();
    }

    /// <summary>The run's last committed step; null where nobody answers in time.</summary>
    public async Task<int?> StepAsync(CancellationToken cancellationToken) => await AskAsync(run => run.GetStatusAsync(), cancellationToken, ShortAnswer) is { } status ? status.Step : null;

    /// <summary>Waits until a step beyond <paramref name="step"/> is committed. Null where that takes longer than the deadline.</summary>
    public async Task<TimeSpan?> AdvancedAsync(int step, TimeSpan deadline, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        using var timer = new PeriodicTimer(Look, _time);
        while (_time.GetElapsedTime(start) < deadline)
        {
            if (await StepAsync(cancellationToken) > step)
                return _time.GetElapsedTime(start);
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        return null;
    }

    /// <summary>What the run waits for, and who could draw, in words: for a hang.</summary>
    public async Task<string> DescribeAsync(CancellationToken cancellationToken)
    {
        RunStatus? run = await AskAsync(grain => grain.GetStatusAsync(), cancellationToken);
        PoolStatus? pool = await AskAsync(_ => _door!.Grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync(), cancellationToken);
        return string.Join('\n',
        [
            run is null ? "the run does not answer" : $"the run is {run.State.ToString().ToLowerInvariant()} at step {run.Step} with {run.Groups.Open} groups open",
            .. run?.Waits.Select(WaitLine.Of) ?? [],
            pool is null ? "the pool does not answer" : $"the pool has {pool.Leases} leases out and {pool.Waiting} slots waiting",
            .. pool?.Samplers.Select(sampler => $"{sampler.Sampler} holds {sampler.Used} of {sampler.Capacity} slots{(sampler.Draining ? " and drains" : "")}") ?? [],
        ]);
    }

    /// <summary>Audits the run as it is on disk, paused for as long as that takes.</summary>
    /// <returns>What is wrong; empty where the ledger is closed.</returns>
    public async Task<string> AuditAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        using var timer = new PeriodicTimer(Look, _time);
        string found;
        do
        {
            await DoAsync(run => run.PauseAsync("audited"), cancellationToken);
            found = await FindAsync(cancellationToken);
            if (found.Length > 0)
                await timer.WaitForNextTickAsync(cancellationToken);
        }
        while (found.Length > 0 && _time.GetElapsedTime(start) < deadline);
        while (!await DoAsync(run => run.ResumeAsync(), cancellationToken) && _time.GetElapsedTime(start) < deadline)
            await timer.WaitForNextTickAsync(cancellationToken);
        return found;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_door is not null)
            await _door.DisposeAsync();
        foreach (ChildSilo silo in _samplers.Concat(_learners).ToArray())
            await silo.DisposeAsync();
    }

    private async Task<string> FindAsync(CancellationToken cancellationToken)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        try
        {
            await using StoredStates states = await StoredStates.OpenAsync(new StoreAddress(JoinPoint()), _host.Cluster.ClusterId, cancellationToken);
            var terminal = new Terminal(output, output, interactive: false);
            string directory = Path.Combine(_host.Data, "runs", Run);
            return await new RunAudit(states, Run, directory, terminal).RunAsync(cancellationToken) ? "" : output.ToString();
        }
        catch (Exception e) when (e is CommandFailure or StackExchange.Redis.RedisException or TimeoutException or IOException or InvalidDataException)
        {
            return e.Message;
        }
    }

    private async Task StartRunAsync(CancellationToken cancellationToken)
    {
        var configuration = new RunConfiguration
        {
            Run = new RunOptions { GroupSize = 4, PromptsPerStep = 6, Steps = LongRun, StopAfterQuietSteps = 0 },
            Policy = new PolicyOptions { Path = StartingPolicy.Locate("models/arithmetic"), Threads = 1, Slots = 32 },
            Sampling = new() { MaxNewTokens = 64 },
            Evaluation = new EvaluationOptions { Prompts = 0 },
        };
        _door = await ClusterDoor.OpenAsync(Joined(), cancellationToken);
        StartedRun started = await _door.Grains.GetGrain<IRunStarterGrain>(0).StartAsync(RunConfigurationJson.Write(configuration)).WaitAsync(StartPatience, cancellationToken);
        if (started.Problem.Length > 0)
            throw new CommandFailure(started.Problem, ExitCodes.Failed);
        Run = started.Run;
    }

    private async Task<bool> DoAsync(Func<IRunGrain, Task> act, CancellationToken cancellationToken) =>
        await AskAsync(
            async run =>
            {
                await act(run);
                return "done";
            },
            cancellationToken) is not null;

    private async Task<T?> AskAsync<T>(Func<IRunGrain, Task<T>> ask, CancellationToken cancellationToken, TimeSpan? patience = null)
        where T : class
    {
        try
        {
            return await ask(_door!.Grains.GetGrain<IRunGrain>(Run)).WaitAsync(patience ?? Answer, _time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or StackExchange.Redis.RedisException or InvalidOperationException)
        {
            return null;
        }
    }

    private HostSettings Joined() => _host with { Cluster = _host.Cluster with { Join = JoinPoint() } };

    private string JoinPoint() => _redis ?? ClusterDoor.Find(_host).Endpoint;

    private string[] Place() => ["--set", $"Etr:Data={_host.Data}", "--set", $"Etr:Cluster:ClusterId={_host.Cluster.ClusterId}"];
}
