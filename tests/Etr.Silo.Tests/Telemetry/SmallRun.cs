using System.Net.Http.Headers;
using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;
using Etr.Silo.Configuration;
using Etr.Silo.Hosting;
using Etr.Silo.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>
/// Tests of what a process tells run alone: whoever else makes meters of the same name in it would be told as well, and takes them along when
/// it ends.
/// </summary>
[CollectionDefinition(nameof(SmallRun), DisableParallelization = true)]
public sealed class ToldAlone : ICollectionFixture<SmallRun>;

/// <summary>A silo in this process with all its roles, a run of three steps on the shipped model and one that goes on, for all tests that look at what it tells.</summary>
public sealed class SmallRun : IAsyncDisposable
{
    private const string Secret = "a-secret-of-the-tests";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-signals-").FullName;
    private readonly SemaphoreSlim _starts = new(1);
    private Started? _started;

    /// <summary>The silo and its ended run; the first who asks waits for both.</summary>
    internal async Task<Started> GetAsync()
    {
        await _starts.WaitAsync();
        try
        {
            return _started ??= await StartAsync();
        }
        finally
        {
            _starts.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_started is { } started)
        {
            started.Client.Dispose();
            await started.Host.DisposeAsync();
            await started.Collector.DisposeAsync();
        }

        _starts.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<Started> StartAsync()
    {
        OtlpCollector collector = await OtlpCollector.StartAsync();
        var logs = new LogCatcher();
        EtrSettings settings = SettingsReader.Read([SettingLayer.FromAssignments(
        [
            $"Etr:Data={_folder}", "Etr:Dashboard:Port=0", $"Etr:Dashboard:Secret={Secret}", "Etr:Dashboard:Orleans=true", "Etr:Endpoint:Enabled=true",
            $"Etr:Telemetry:Otlp:Endpoint={collector.Url}", "Etr:Telemetry:Otlp:Protocol=http", "Etr:Telemetry:TensorBoard=true",
            $"Etr:Policy:Path={Repository.PathOf("models", "arithmetic")}", "Etr:Policy:Threads=1",
            "Etr:Run:Steps=3", "Etr:Run:PromptsPerStep=4", "Etr:Run:GroupSize=8", "Etr:Task:Prompts=12", "Etr:Sampling:MaxNewTokens=160",
            "Etr:Diagnosis:Window=1", "Etr:Diagnosis:Hold=1", "Etr:Diagnosis:LearnerIdle=0",
        ])]);
        var data = DataDirectory.Open(settings.Host.Data);
        EtrHost host = await EtrHost.StartAsync(settings, data, plan => WithLogs(SiloParts.Of(plan, data, wakesRuns: true), logs), verbose: true, portMatters: false, CancellationToken.None);
        StartedRun run = await host.Grains.GetGrain<IRunStarterGrain>(0).StartAsync(RunConfigurationJson.Write(settings.Run));
        Assert.Equal("", run.Problem);
        RunStatus status = await UntilAsync(host.Grains.GetGrain<IRunGrain>(run.Run), found => found.State is RunState.Completed or RunState.Failed);
        Assert.Equal((RunState.Completed, 3), (status.State, status.Step));

        // The gauges of a run are told while it runs.
        StartedRun lasting = await host.Grains.GetGrain<IRunStarterGrain>(0).StartAsync(RunConfigurationJson.Write(settings.Run with { Run = settings.Run.Run with { Steps = 100_000 } }));
        Assert.Equal("", lasting.Problem);
        await UntilAsync(host.Grains.GetGrain<IRunGrain>(lasting.Run), found => found.Step >= 3);
        var client = new HttpClient { BaseAddress = new Uri(host.Url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        return new Started(host, status, lasting.Run, client, Secret, collector, logs, Path.Combine(_folder, "runs", run.Run));
    }

    private static HostParts WithLogs(HostParts parts, LogCatcher logs) => parts with
    {
        Services = services =>
        {
            parts.Services(services);
            services.AddSingleton<ILoggerProvider>(logs);
        },
    };

    // A run is as far as its grain says; nothing in this process is told of it.
    private static async Task<RunStatus> UntilAsync(IRunGrain run, Predicate<RunStatus> wanted)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            RunStatus status = await run.GetStatusAsync();
            if (wanted(status))
                return status;
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }

    internal sealed record Started(EtrHost Host, RunStatus Status, string Lasting, HttpClient Client, string Secret, OtlpCollector Collector, LogCatcher Logs, string RunDirectory);
}
