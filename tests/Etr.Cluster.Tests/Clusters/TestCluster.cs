using System.Globalization;
using System.Text.Json;

namespace Etr.Cluster.Tests.Clusters;

/// <summary>
/// Real silos on loopback around a store, with one data directory or one each, and the commands of <c>etr</c> that speak to them.
/// </summary>
internal sealed class TestCluster : IAsyncDisposable
{
    /// <summary>What a silo and every command know where the cluster has a secret.</summary>
    public const string Secret = "a-secret-of-this-test";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("etr-cluster-").FullName;
    private readonly string _secret;
    private readonly List<SiloProcess> _silos = [];

    private readonly string[] _settings;

    private TestCluster(string secret, string[] settings) => (_secret, _settings) = (secret, settings);

    /// <summary>The data directory that silos share.</summary>
    public string Data => Path.Combine(_directory, "data");

    /// <summary>The Redis; null where the store is embedded.</summary>
    public RedisServer? Redis { get; private set; }

    /// <summary>What <c>--join</c> is given.</summary>
    public string Join { get; private set; } = "";

    /// <summary>The silos that were started and not given up, in that order.</summary>
    public IReadOnlyList<SiloProcess> Silos => _silos;

    /// <summary>A cluster with a store and nothing that samples or trains: an embedded store has a silo of its own.</summary>
    /// <param name="store">The store.</param>
    /// <param name="secret">The cluster's secret; empty for none.</param>
    /// <param name="settings">What every silo is set to, as <c>KEY=VALUE</c>.</param>
    public static async Task<TestCluster> StartAsync(StoreKind store, string secret = "", params string[] settings)
    {
        var cluster = new TestCluster(secret, settings);
        try
        {
            if (store == StoreKind.Embedded)
            {
                cluster.Join = (await cluster.StartSiloAsync(["--roles", "store", .. cluster.At(cluster.Data)])).Join;
            }
            else
            {
                cluster.Redis = await RedisServer.StartAsync(Path.Combine(cluster._directory, "redis"), secret);
                cluster.Join = cluster.Redis.Endpoint;
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>One process that is a whole cluster but for its pages.</summary>
    public static Task<TestCluster> StartWholeAsync() => StartWholeAsync("store,learner,sampler");

    /// <summary>A cluster that one process founds.</summary>
    /// <param name="roles">Its roles, the store among them.</param>
    /// <param name="settings">What every silo is set to, as <c>KEY=VALUE</c>.</param>
    public static async Task<TestCluster> StartWholeAsync(string roles, params string[] settings)
    {
        var cluster = new TestCluster("", settings);
        try
        {
            cluster.Join = (await cluster.StartSiloAsync(["--roles", roles, .. cluster.At(cluster.Data)])).Join;
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A data directory that only who is told of it sees.</summary>
    public string OwnData(string name) => Path.Combine(_directory, name);

    /// <summary>Arguments of a silo that joins, in the shared directory unless another is named.</summary>
    /// <remarks>The first one beside a Redis founds the cluster: it names the store as its own.</remarks>
    public string[] Joining(string roles, string? data = null) =>
    [
        "--roles", roles, .. At(data ?? Data), .. Redis is { } redis && _silos.Count == 0 ? (string[])["--set", $"Etr:Cluster:Redis={redis.Endpoint}"] : ["--join", Join],
    ];

    /// <summary>Starts silos side by side and waits until all are members.</summary>
    public async Task<SiloProcess[]> AddAsync(params string[] roles)
    {
        // The first founds the cluster.
        SiloProcess[] first = Redis is not null && _silos.Count == 0 ? [await StartSiloAsync(Joining(roles[0]))] : [];
        return [.. first, .. await Task.WhenAll(roles.Skip(first.Length).Select(each => StartSiloAsync(Joining(each))))];
    }

    /// <summary>Starts a silo and waits until it is a member.</summary>
    public async Task<SiloProcess> StartSiloAsync(IReadOnlyList<string> arguments)
    {
        ChildProcess process = EtrProcess.Start(["silo", .. arguments], Environment());
        string ready;
        try
        {
            ready = await process.LineAsync("READY ");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }

        var silo = new SiloProcess(process, ready, arguments);
        lock (_silos)
            _silos.Add(silo);
        return silo;
    }

    /// <summary>Starts a silo that was killed again, as it was started before.</summary>
    public async Task<SiloProcess> RestartAsync(SiloProcess silo)
    {
        await GiveUpAsync(silo);
        return await StartSiloAsync(silo.Arguments);
    }

    /// <summary>Kills every silo at once.</summary>
    public Task KillAllAsync() => Task.WhenAll(_silos.Select(silo => silo.Process.KillAsync()));

    /// <summary>Starts a small run.</summary>
    /// <param name="steps">Its policy updates.</param>
    /// <param name="settings">What else is set, as <c>KEY=VALUE</c>.</param>
    /// <returns>Its name.</returns>
    public async Task<string> StartRunAsync(int steps, params string[] settings)
    {
        string[] all =
        [
            string.Create(CultureInfo.InvariantCulture, $"Etr:Run:Steps={steps}"),
            "Etr:Run:PromptsPerStep=3", "Etr:Run:GroupSize=4", "Etr:Run:StopAfterQuietSteps=0", "Etr:Sampling:MaxNewTokens=48",
            "Etr:Evaluation:Prompts=0", "Etr:Policy:Threads=1", .. settings,
        ];
        string json = await DoneAsync(["run", "start", "--json", .. Setting(all)]);
        return JsonDocument.Parse(json).RootElement.GetProperty("run").GetString()!;
    }

    /// <summary>Runs a command on the cluster to its end.</summary>
    public async Task<(int Code, string Output)> EtrAsync(params string[] arguments)
    {
        await using ChildProcess etr = EtrProcess.Start(
            [.. arguments, "--join", Join, .. arguments.Any(IsData) ? (string[])[] : ["--set", DataOf(Data)]], Environment());
        int code = await etr.EndAsync();
        return (code, etr.Transcript);
    }

    /// <summary>Runs a command that has to succeed.</summary>
    /// <returns>What it wrote.</returns>
    public async Task<string> DoneAsync(params string[] arguments)
    {
        (int code, string output) = await EtrAsync(arguments);
        Assert.True(code == 0, $"etr {string.Join(' ', arguments)} ended with {code}: {output}{Transcripts()}");
        return output;
    }

    /// <summary>What <c>etr run status --json</c> says now.</summary>
    public async Task<RunReport> ReportAsync(string run) => RunReport.Read(await DoneAsync("run", "status", run, "--json"));

    /// <summary>Asks for the status again and again until it is as wanted.</summary>
    public async Task<RunReport> ReportAsync(string run, Func<RunReport, bool> wanted, TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? Patience);
        while (true)
        {
            RunReport report = await ReportAsync(run);
            if (wanted(report))
                return report;
            if (deadline.IsCancellationRequested)
                Assert.Fail($"not so within {(within ?? Patience).TotalSeconds:0} s: {report}\n{await DoneAsync("run", "status", run, "--json")}{Transcripts()}");
        }
    }

    /// <summary>Waits until the manifest of a committed step is on disk.</summary>
    public Task StepAsync(string run, int step, string? data = null) =>
        FileWatch.FileAsync(Steps(run, data), string.Create(CultureInfo.InvariantCulture, $"{step}.json"), () => $"step {step} has not been committed{Transcripts()}");

    /// <summary>Steps of a run that goes on for as long as a test wants: see <see cref="StopAsync"/>.</summary>
    public const int Endless = 100_000;

    /// <summary>Ends a run and holds what it has done to a ledger that closes.</summary>
    public async Task StopAsync(string run)
    {
        await DoneAsync("run", "stop", run);
        await AuditAsync(run);
    }

    /// <summary>The last step whose manifest is on disk.</summary>
    public int LastStep(string run) => Directory.EnumerateFiles(Steps(run, null), "*.json")
        .Max(file => int.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture));

    /// <summary>Waits until a run has completed all its steps, and holds it to a ledger that closes with nothing dropped.</summary>
    /// <param name="run">The run.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="data">The data directory it is in; null for the shared one.</param>
    public async Task<RunReport> CompletedAsync(string run, int steps, string? data = null)
    {
        await StepAsync(run, steps, data);
        RunReport report = await ReportAsync(run, report => report.State == "completed");
        Assert.Equal((steps, 3L * steps, 0L), (report.Step, report.Groups.Consumed, report.Groups.Open));
        await AuditAsync(run, data);
        return report;
    }

    /// <summary>Holds store, manifests and files of a run to each other.</summary>
    public async Task AuditAsync(string run, string? data = null)
    {
        string audit = await DoneAsync(["audit", run, .. data is null ? (string[])[] : ["--set", DataOf(data)]]);
        Assert.Contains("the ledger is closed", audit, StringComparison.Ordinal);
    }

    /// <summary>SHA-256 of the policy that a step published.</summary>
    public string PolicyOf(string run, int step)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Steps(run, null), string.Create(CultureInfo.InvariantCulture, $"{step}.json"))));
        return manifest.RootElement.GetProperty("policySha256").GetString()!;
    }

    /// <summary>The silo that trains: of those that may, the one that has loaded libtorch.</summary>
    public SiloProcess Trainer() => _silos.Single(silo => silo.Roles == "learner" && silo.Process.HasLoadedTorch);

    /// <summary>Everything the silos have written, for a failing test's message.</summary>
    public string Transcripts() => string.Concat(_silos.Select(silo => $"\n--- {silo.ReadyLine}\n{silo.Process.Transcript}"));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (SiloProcess silo in _silos)
            await silo.Process.DisposeAsync();
        if (Redis is not null)
            await Redis.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task GiveUpAsync(SiloProcess silo)
    {
        _silos.Remove(silo);
        await silo.Process.DisposeAsync();
    }

    private static string DataOf(string directory) => $"Etr:Data={directory}";

    private static bool IsData(string argument) => argument.StartsWith("Etr:Data=", StringComparison.Ordinal);

    private string[] At(string data) => ["--set", DataOf(data), .. Setting(["Etr:Policy:Slots=16", "Etr:Policy:Threads=1", .. _settings])];

    private static IEnumerable<string> Setting(IEnumerable<string> settings) => settings.SelectMany(each => (string[])["--set", each]);

    private string Steps(string run, string? data) => Path.Combine(data ?? Data, "runs", run, "steps");

    private KeyValuePair<string, string>[] Environment() => _secret.Length > 0 ? [new("Etr__Cluster__Secret", _secret)] : [];
}
