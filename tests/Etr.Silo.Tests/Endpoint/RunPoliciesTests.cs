using System.Reflection;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Runs;
using Etr.Silo.Configuration;
using Etr.Silo.Endpoint;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Silo.Tests.Endpoint;

/// <summary>Which policy a client gets, over grains that are asked no more often than they must be.</summary>
public sealed class RunPoliciesTests : IDisposable
{
    private readonly FakeRuns _runs = new();
    private readonly FakeTimeProvider _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-served-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", "new", 4)]
    [InlineData("policy", "new", 4)]
    [InlineData("new", "new", 4)]
    [InlineData("new@4", "new", 4)]
    [InlineData("old", "old", 7)]
    [InlineData("sha256:old-7", "old", 7)]
    public async Task A_policy_is_found_by_run_version_or_content_and_the_newest_where_none_is_named(string model, string run, long version)
    {
        _runs.Add("old", RunState.Completed, 7);
        _runs.Add("new", RunState.Running, 4);
        using RunPolicies policies = Policies();

        ServedPolicy found = await policies.FindAsync(model, TestContext.Current.CancellationToken);

        Assert.Equal((run, version, $"{run}-{version}"), (found.Run, found.Policy.Version, found.Policy.Sha256));
        Assert.Equal($"{run}@{version}", found.Name);
    }

    [Theory]
    [InlineData("newer")]
    [InlineData("new@5")]
    [InlineData("new@-1")]
    [InlineData("sha256:none")]
    public async Task What_is_not_there_is_not_found(string model)
    {
        _runs.Add("new", RunState.Running, 4);
        using RunPolicies policies = Policies();

        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => policies.FindAsync(model, TestContext.Current.CancellationToken));

        Assert.Equal(404, refused.Status);
    }

    [Fact]
    public async Task Before_a_run_has_started_one_is_told_to_come_again()
    {
        using RunPolicies policies = Policies();

        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => policies.FindAsync("", TestContext.Current.CancellationToken));

        Assert.Equal((503, 2), (refused.Status, refused.RetryAfter));
    }

    [Fact]
    public async Task The_newest_version_is_served_and_one_that_is_asked_for_by_name_is_looked_for_at_once()
    {
        _runs.Add("new", RunState.Running, 4);
        using RunPolicies policies = Policies();
        await policies.FindAsync("", TestContext.Current.CancellationToken);
        _runs.Add("new", RunState.Running, 5);

        Assert.Equal(4, (await policies.FindAsync("", TestContext.Current.CancellationToken)).Policy.Version);
        Assert.Equal(5, (await policies.FindAsync("sha256:new-5", TestContext.Current.CancellationToken)).Policy.Version);
        Assert.Equal(5, (await policies.FindAsync("", TestContext.Current.CancellationToken)).Policy.Version);

        // What it has seen of a run it can still hand out.
        Assert.Equal(4, (await policies.FindAsync("new@4", TestContext.Current.CancellationToken)).Policy.Version);
    }

    [Fact]
    public async Task However_many_ask_the_grains_are_asked_once_in_a_quarter_of_a_second()
    {
        _runs.Add("new", RunState.Running, 4);
        using RunPolicies policies = Policies();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => policies.FindAsync("", TestContext.Current.CancellationToken)));
        Assert.Equal(1, _runs.Asked);
        _time.Advance(TimeSpan.FromMilliseconds(251));
        await policies.FindAsync("", TestContext.Current.CancellationToken);
        Assert.Equal(2, _runs.Asked);
    }

    [Fact]
    public async Task Only_the_run_that_is_named_is_served()
    {
        _runs.Add("old", RunState.Completed, 7);
        _runs.Add("new", RunState.Running, 4);
        using RunPolicies policies = Policies("old");

        Assert.Equal("old", Assert.Single(await policies.ListAsync(TestContext.Current.CancellationToken)).Run);
        await Assert.ThrowsAsync<ApiException>(() => policies.FindAsync("new", TestContext.Current.CancellationToken));
    }

    private RunPolicies Policies(string run = "") => new(_runs.Factory, new FakeFiles(_folder), new EndpointSettings { Run = run }, _time);

    /// <summary>The grains of some runs.</summary>
    private sealed class FakeRuns
    {
        private readonly Dictionary<string, (RunState State, int Step)> _runs = [];

        public int Asked { get; private set; }

        public IGrainFactory Factory => Stand.In<IGrainFactory>((method, arguments) =>
            method.GetGenericArguments().FirstOrDefault() == typeof(IRunDirectoryGrain) ? Stand.In<IRunDirectoryGrain>((_, _) => ListAsync())
            : Stand.In<IRunGrain>((call, _) => call.Name == nameof(IRunGrain.GetStartAsync) ? StartAsync((string)arguments[0]!) : StatusAsync((string)arguments[0]!)));

        public void Add(string run, RunState state, int step) => _runs[run] = (state, step);

        private Task<IReadOnlyList<RunEntry>> ListAsync()
        {
            Asked++;
            return Task.FromResult<IReadOnlyList<RunEntry>>(
                [.. _runs.Select(run => new RunEntry { Run = run.Key, State = run.Value.State, Step = run.Value.Step, Steps = 9, StartedAt = default, Shaper = "" })]);
        }

        private static Task<RunStart?> StartAsync(string run) => Task.FromResult<RunStart?>(new RunStart
        {
            Run = run,
            ConfigurationJson = RunConfigurationJson.Write(new RunConfiguration()),
            Directory = "/no/such/run",
            PolicyFile = "",
            PolicySha256 = $"{run}-0",
        });

        private Task<RunStatus> StatusAsync(string run) => Task.FromResult(new RunStatus
        {
            Run = run,
            State = _runs[run].State,
            Reason = "",
            Step = _runs[run].Step,
            Steps = 9,
            ElapsedSeconds = 0,
            Groups = new LedgerCounts { Created = 0, Consumed = 0, Stale = 0, Filtered = 0, Quarantined = 0, Unscorable = 0, Operator = 0, Open = 0 },
            Waits = [],
            PolicyFile = "",
            PolicySha256 = $"{run}-{_runs[run].Step}",
            CheckpointFile = "",
            CheckpointSha256 = "",
            SampledTokens = 0,
            SkippedSteps = 0,
        });
    }

    private sealed class FakeFiles(string folder) : IRunFiles
    {
        public Task<string> OpenPolicyAsync(RunPlace run, long version, string sha256, CancellationToken cancellationToken) => Task.FromResult(folder);

        public Task WriteGroupAsync(RunPlace run, string sha256, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<byte[]> ReadGroupAsync(RunPlace run, string sha256, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<byte[]> ReadGapsAsync(RunPlace run, string sha256, CancellationToken cancellationToken) => throw new NotSupportedException();

        public void ForgetGroup(RunPlace run, string sha256) => throw new NotSupportedException();

        public Task<string> OpenDataAsync(RunPlace run, string path, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task RefusePolicyAsync(string sha256) => throw new NotSupportedException();
    }
}

/// <summary>Stands in for an interface of which a test needs a method or two.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1852:Seal internal types", Justification = "proxies are made of it while it runs")]
internal class Stand : DispatchProxy
{
    private Func<MethodInfo, object?[], object?> _answer = (_, _) => null;

    public static T In<T>(Func<MethodInfo, object?[], object?> answer)
        where T : class
    {
        T proxy = Create<T, Stand>();
        ((Stand)(object)proxy)._answer = answer;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!, args ?? []);
}
