using Etr.Core.Runs;
using Etr.Grains.Evaluations;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Hosting;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Core.Internal;
using Orleans.Serialization;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Etr.Grains.Tests.Fakes;

/// <summary>A silo in this process with fake engines, a fake trainer, memory storage and a directory of its own.</summary>
internal sealed class EtrCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly string _directory = Directory.CreateTempSubdirectory("etr-grains-").FullName;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(120));

    private EtrCluster(Action<EtrGrainOptions> change, short silos)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((specific, silo) =>
        {
            silo.Services.AddKeyedSingleton<IGrainStorage>(EtrStorage.Name, (services, _) => Storage.Of(services.GetRequiredService<Serializer>()));
            silo.Services.AddSingleton(Feed);
            silo.Services.AddSingleton(Engine.Of(specific.SiloName));
            silo.Services.AddSingleton<IPolicyTrainerProvider>(Trainers);
            silo.Services.AddSingleton<IPolicyEvaluator>(Evaluator);
            silo.Services.AddSingleton<IRunArchive>(Archive);
            silo.Services.AddSingleton<ILoggerProvider>(Logs);
            silo.Services.AddLogging(logging => logging.AddFilter<LogCatcher>(null, LogLevel.Information));
            silo.AddActivityPropagation();
            silo.AddEtrGrains(options =>
            {
                options.Heartbeat = TimeSpan.FromMilliseconds(50);
                options.HeartbeatExpiry = TimeSpan.FromSeconds(30);
                options.Touch = TimeSpan.FromMilliseconds(100);
                options.Progress = TimeSpan.FromMilliseconds(20);
                options.SlotWait = TimeSpan.FromMilliseconds(100);
                options.Retry = TimeSpan.FromMilliseconds(10);
                change(options);
            });
        });

        // A test may kill every silo that the client knew when it started.
        builder.ConfigureClient(client => client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromMilliseconds(200)));
        _cluster = builder.Build();
    }

    public RolloutFeed Feed { get; } = new();

    public FakeEngine Engine { get; } = new();

    public FakeTrainers Trainers { get; } = new();

    public FakeEvaluator Evaluator { get; } = new();

    public FakeArchive Archive { get; } = new();

    public LogCatcher Logs { get; } = new();

    public TestStorage Storage { get; } = new();

    public IGrainFactory Grains => _cluster.Client;

    public IServiceProvider Services => _cluster.Silos[0].ServiceProvider;

    /// <summary>Every wait of a test ends here at the latest.</summary>
    public CancellationToken Deadline => _deadline.Token;

    public static async Task<EtrCluster> StartAsync(Action<EtrGrainOptions>? change = null, bool hasSampler = true, short silos = 1)
    {
        var cluster = new EtrCluster(change ?? (_ => { }), silos);
        cluster.Engine.IsAbsent = !hasSampler;
        await cluster._cluster.DeployAsync();
        return cluster;
    }

    public IRunGrain Run(string name = "run") => Grains.GetGrain<IRunGrain>(name);

    public IGroupGrain Group(long ordinal, string run = "run") => Grains.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(run, ordinal));

    public ILearnerGrain Learner(string run = "run") => Grains.GetGrain<ILearnerGrain>(run);

    public string RunDirectory(string run = "run") => Path.Combine(_directory, run);

    public RunStart StartOf(RunOptions shape, string run = "run", Func<RunConfiguration, RunConfiguration>? change = null)
    {
        var configuration = new RunConfiguration { Run = shape, Task = new TaskOptions { Prompts = 12 } };
        return new RunStart
        {
            Run = run,
            ConfigurationJson = RunConfigurationJson.Write(change is null ? configuration : change(configuration)),
            Directory = RunDirectory(run),
            PolicyFile = StartingPolicy(),
            PolicySha256 = new string('0', 64),
        };
    }

    // What a published version copies from the model it started from.
    private string StartingPolicy()
    {
        string model = Directory.CreateDirectory(Path.Combine(_directory, "model")).FullName;
        File.WriteAllText(Path.Combine(model, "config.json"), "{}");
        File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{}");
        return Path.Combine(model, "model.safetensors");
    }

    public static RunOptions Shape(int steps = 2, int groupSize = 3, int promptsPerStep = 4) =>
        new() { GroupSize = groupSize, PromptsPerStep = promptsPerStep, Steps = steps, Seed = 5, StopAfterQuietSteps = 0 };

    /// <summary>The first event that fits, past or to come.</summary>
    public async Task<RolloutEvent> EventAsync(Func<RolloutEvent, bool> fits)
    {
        long next = 0;
        while (true)
        {
            var events = new List<RolloutEvent>();
            next = Feed.Read(next, events, 1000, out _);
            if (events.Where(fits).Select(found => (RolloutEvent?)found).FirstOrDefault() is { } wanted)
                return wanted;
            if (events.Count == 0)
                await Feed.WaitAsync(next, Deadline);
        }
    }

    public List<RolloutEvent> Events()
    {
        var events = new List<RolloutEvent>();
        Feed.Read(0, events, RolloutFeed.Capacity, out _);
        return events;
    }

    /// <summary>Asks again until the answer fits; each asking is a call that lets the grains go on.</summary>
    public async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> fits)
    {
        while (true)
        {
            T answer = await ask().WaitAsync(Deadline);
            if (fits(answer))
                return answer;
            Deadline.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Ends a silo as a crash would.</summary>
    public Task KillAsync(string silo) => _cluster.KillSiloAsync(_cluster.Silos.Single(handle => handle.Name == silo));

    /// <summary>Ends a silo in good order.</summary>
    public Task StopAsync(string silo) => _cluster.StopSiloAsync(_cluster.Silos.Single(handle => handle.Name == silo));

    /// <summary>One more silo.</summary>
    public Task JoinAsync() => _cluster.StartAdditionalSiloAsync();

    /// <summary>Ends a grain's activation, as idleness, migration or the loss of its silo would.</summary>
    public static async Task DeactivateAsync(IAddressable grain) => await grain.AsReference<IGrainManagementExtension>().DeactivateOnIdle();

    public Task<RunStatus> EndedAsync(string run = "run") =>
        UntilAsync(() => Run(run).GetStatusAsync(), status => status.State is RunState.Completed or RunState.Failed);

    /// <summary>
    /// The end of a run whose silos die meanwhile. Whoever is asked may just have died: the call fails, or its answer never
    /// comes; asked again, the run comes up elsewhere.
    /// </summary>
    public async Task<RunStatus> SurvivedAsync(string run = "run")
    {
        while (true)
        {
            try
            {
                RunStatus status = await Run(run).GetStatusAsync().WaitAsync(TimeSpan.FromSeconds(1), Deadline);
                if (status.State is RunState.Completed or RunState.Failed)
                    return status;
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException)
            {
                Deadline.ThrowIfCancellationRequested();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _deadline.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
