using Etr.Core.Runs;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;
using Etr.Silo.Store;
using Microsoft.Extensions.DependencyInjection;

namespace Etr.Benchmarks.Clusters;

/// <summary>
/// Silos of one cluster in this process, hosted as <c>etr silo</c> hosts them: the embedded store with commit before
/// acknowledgement, real connections between the silos, real files. Only engines and trainer are the benchmark's.
/// </summary>
/// <param name="join">The store of a cluster that other processes are of; empty lets the first silo host one.</param>
/// <param name="trains">Whether the learner trains; otherwise it commits steps that change nothing.</param>
/// <param name="directory">Where it keeps its data, which stays when it ends; empty takes one that goes with it.</param>
internal sealed class BenchCluster(string join = "", bool trains = false, string directory = "") : IAsyncDisposable
{
    /// <summary>Name of the cluster.</summary>
    public const string Name = "bench";

    private readonly string _directory = directory.Length > 0 ? directory : Directory.CreateTempSubdirectory("etr-bench-").FullName;
    private readonly List<EtrHost> _hosts = [];

    /// <summary>The silos, the one with the store first.</summary>
    public IReadOnlyList<EtrHost> Hosts => _hosts;

    /// <summary>Where files and store are.</summary>
    public string DataDirectory => Path.Combine(_directory, "data");

    /// <summary>Where grains are called.</summary>
    public IGrainFactory Grains => _hosts[0].Grains;

    /// <summary>Adds a silo; the first hosts the store where there is none to join.</summary>
    /// <param name="roles">Its roles, beside <c>store</c> for the first.</param>
    /// <param name="engines">Its engines; null where it draws nothing, or with its own.</param>
    /// <param name="data">Its data directory; null takes the cluster's.</param>
    /// <param name="files"><c>auto</c> or <c>http</c>.</param>
    /// <param name="run">What its engines and its trainer are for; null where it has none of its own.</param>
    public async Task<EtrHost> AddAsync(string roles, IRolloutEngineProvider? engines, string? data = null, string files = "auto", RunConfiguration? run = null)
    {
        var settings = new EtrSettings
        {
            Run = run ?? new RunConfiguration(),
            Host = new HostSettings
            {
                Data = data ?? DataDirectory,
                Cluster = new ClusterSettings { ClusterId = Name, Roles = roles, Join = _hosts.Count == 0 ? join : _hosts[0].Join, Files = files },
            },
            Named = new HashSet<string>(),
        };
        var directory = Silo.Store.DataDirectory.Open(settings.Host.Data);
        EtrHost host = await EtrHost.StartAsync(settings, directory, plan => Parts(plan, directory, engines), verbose: false, portMatters: false, CancellationToken.None);
        _hosts.Add(host);
        return host;
    }

    /// <summary>Starts a run that goes on until the cluster is disposed.</summary>
    public Task<IRunGrain> StartRunAsync(RunOptions shape, int prompts) => StartRunAsync(new RunConfiguration
    {
        Run = shape with { Steps = 1_000_000, StopAfterQuietSteps = 0 },
        Task = new TaskOptions { Prompts = prompts },
        Policy = new PolicyOptions { Path = StartingPolicy.Locate("models/arithmetic") },
        Evaluation = new EvaluationOptions { Prompts = 0 },
    });

    /// <summary>Starts a run.</summary>
    public async Task<IRunGrain> StartRunAsync(RunConfiguration configuration)
    {
        StartedRun started = await Grains.GetGrain<IRunStarterGrain>(0).StartAsync(RunConfigurationJson.Write(configuration));
        return started.Problem.Length == 0
            ? Grains.GetGrain<IRunGrain>(started.Run)
            : throw new InvalidOperationException(started.Problem);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (EtrHost host in _hosts.AsEnumerable().Reverse())
            await host.DisposeAsync();
        if (directory.Length == 0)
            Directory.Delete(_directory, recursive: true);
    }

    private HostParts Parts(SiloPlan plan, DataDirectory data, IRolloutEngineProvider? engines)
    {
        HostParts parts = SiloParts.Of(plan, data, wakesRuns: false);
        return parts with
        {
            Services = services =>
            {
                parts.Services(services);
                if (engines is not null)
                    services.AddSingleton(engines);
                if (!trains)
                    services.AddSingleton<IPolicyTrainerProvider, TinyTrainers>();
            },
        };
    }
}
