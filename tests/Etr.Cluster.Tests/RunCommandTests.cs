using System.Text.Json;
using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>Runs by command, from any machine that reaches the cluster.</summary>
public sealed class RunCommandTests
{
    [Fact]
    public async Task A_run_is_started_listed_paused_resumed_and_stopped()
    {
        await using TestCluster cluster = await TestCluster.StartWholeAsync();
        string run = await cluster.StartRunAsync(TestCluster.Endless);
        await cluster.StepAsync(run, 1);

        Assert.Equal("running", await ListedAsync(cluster, run));
        Assert.Contains("paused", await cluster.DoneAsync("run", "pause", run), StringComparison.Ordinal);
        RunReport paused = await cluster.ReportAsync(run, report => report.Groups.Open == 0 || report.Samplers.All(sampler => sampler.Busy == 0));
        Assert.Equal(("paused", "paused by a person"), (paused.State, paused.Reason));
        Assert.Equal("paused", await ListedAsync(cluster, run));

        // What was under way when it was paused is at most one step.
        RunReport later = await cluster.ReportAsync(run);
        Assert.Equal(("paused", 0L), (later.State, later.Groups.Open - paused.Groups.Open));
        Assert.InRange(later.Step, paused.Step, paused.Step + 1);

        Assert.Contains("running", await cluster.DoneAsync("run", "resume", run), StringComparison.Ordinal);
        await cluster.StepAsync(run, later.Step + 3);
        Assert.Contains("stopped by a person", await cluster.DoneAsync("run", "stop", run), StringComparison.Ordinal);
        RunReport stopped = await cluster.ReportAsync(run);
        Assert.Equal(("completed", 0L), (stopped.State, stopped.Groups.Open));
        Assert.Equal("completed", await ListedAsync(cluster, run));
        await cluster.AuditAsync(run);

        (int resumed, string output) = await cluster.EtrAsync("run", "resume", run);
        Assert.Equal(1, resumed);
        Assert.Contains("has ended: stopped by a person", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_done_is_told_with_what_there_is()
    {
        await using TestCluster cluster = await TestCluster.StartWholeAsync();

        (int none, string noRun) = await cluster.EtrAsync("run", "status");
        (int unknown, string unknownRun) = await cluster.EtrAsync("run", "pause", "nothing");
        (int drained, string noSilo) = await cluster.EtrAsync("drain", "nobody");
        (int started, string noModel) = await cluster.EtrAsync("run", "start", "--set", "Etr:Policy:Path=no/such/model");

        Assert.Equal((1, 2, 2, 2), (none, unknown, drained, started));
        Assert.Contains("no run has been started", noRun, StringComparison.Ordinal);
        Assert.Contains("the cluster has no run 'nothing'", unknownRun, StringComparison.Ordinal);
        Assert.Contains($"the cluster has no silo 'nobody': there are {cluster.Silos[0].Name}", noSilo, StringComparison.Ordinal);
        Assert.Contains("there is no model directory", noModel, StringComparison.Ordinal);
    }

    private static async Task<string> ListedAsync(TestCluster cluster, string run)
    {
        using JsonDocument list = JsonDocument.Parse(await cluster.DoneAsync("run", "list", "--json"));
        return list.RootElement.EnumerateArray().Single(entry => entry.GetProperty("run").GetString() == run).GetProperty("state").GetString()!;
    }
}
