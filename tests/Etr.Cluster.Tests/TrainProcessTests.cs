using System.Text.Json;

namespace Etr.Cluster.Tests;

/// <summary>The program as a person meets it: started, interrupted, killed, started again.</summary>
public sealed class TrainProcessTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("etr-train-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_killed_run_goes_on_from_its_last_committed_step_and_its_ledger_closes()
    {
        string run;
        await using (ChildProcess first = Train("--steps", "6"))
        {
            run = await RunNameAsync(first);
            await first.LineAsync("step 2/6");
            await first.KillAsync();
        }

        (int killedAudit, string killed) = await EtrProcess.RunAsync("audit", run, "--set", $"Etr:Data={_data}");
        await using ChildProcess second = Train("--resume", run, "--exit", "--summary", Summary);
        int code = await second.EndAsync();
        (int audit, string audited) = await EtrProcess.RunAsync("audit", run, "--set", $"Etr:Data={_data}");

        Assert.True(killedAudit == 0, killed);
        Assert.True(code == 0, second.Transcript);
        using JsonDocument summary = ReadSummary();
        Assert.InRange(summary.RootElement.GetProperty("resumedFrom").GetInt32(), 2, 5);
        Assert.Equal(6, summary.RootElement.GetProperty("steps").GetInt32());
        Assert.Equal(24, summary.RootElement.GetProperty("groups").GetProperty("consumed").GetInt32());
        Assert.True(audit == 0, audited);
        Assert.Contains("the ledger is closed", audited, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_run_ends_with_130_says_how_to_resume_and_a_new_run_lists_it()
    {
        string run;
        await using (ChildProcess first = Train("--steps", "50"))
        {
            run = await RunNameAsync(first);
            await first.LineAsync("step 1/50");
            first.PressControlC();
            Assert.Equal(130, await first.EndAsync());
            Assert.Contains($"etr train --resume {run}", first.Transcript, StringComparison.Ordinal);
        }

        await using ChildProcess second = Train("--steps", "1", "--exit");
        Assert.Equal(0, await second.EndAsync());
        Assert.StartsWith($"unfinished {run}", await second.LineAsync("unfinished"), StringComparison.Ordinal);
        Assert.NotEqual(run, await RunNameAsync(second));
    }

    [Fact]
    public async Task A_second_train_beside_a_running_one_is_told_who_holds_the_directory()
    {
        await using ChildProcess first = Train("--steps", "50");
        string run = await RunNameAsync(first);

        (int code, string output) = await EtrProcess.RunAsync("train", "--exit", "--no-dashboard", "--set", $"Etr:Data={_data}");
        (int audit, string audited) = await EtrProcess.RunAsync("audit", run, "--set", $"Etr:Data={_data}");

        Assert.Equal(2, code);
        Assert.Contains("another etr is at work", output, StringComparison.Ordinal);
        Assert.True(audit is 0 || audited.Contains("knows no run", StringComparison.Ordinal), audited);
    }

    [Fact]
    public async Task Health_readiness_and_metrics_answer_while_it_trains()
    {
        await using ChildProcess etr = Train("--steps", "50");
        string line = await etr.LineAsync("health and metrics");
        using var http = new HttpClient { BaseAddress = new Uri(line.Split(' ')[^1]) };
        await etr.LineAsync("step 1/50");

        Assert.Contains("Healthy", await http.GetStringAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        string ready = await http.GetStringAsync(new Uri("/readyz", UriKind.Relative), TestContext.Current.CancellationToken);
        string metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Contains("\"sampler\":{\"status\":\"Healthy\"", ready, StringComparison.Ordinal);
        Assert.Contains("etr_", metrics, StringComparison.Ordinal);
        Assert.Contains("orleans_", metrics, StringComparison.Ordinal);
    }

    private string Summary => Path.Combine(_data, "summary.json");

    private JsonDocument ReadSummary() => JsonDocument.Parse(File.ReadAllBytes(Summary));

    private static async Task<string> RunNameAsync(ChildProcess etr) => (await etr.LineAsync("run ")).Split(' ')[^1];

    // Small enough for seconds: four groups of four short traces a step, no evaluation.
    private ChildProcess Train(params string[] arguments) => EtrProcess.Start(
    [
        "train", "--no-dashboard", .. arguments,
        "--set", $"Etr:Data={_data}",
        "--set", "Etr:Run:PromptsPerStep=4", "--set", "Etr:Run:GroupSize=4", "--set", "Etr:Run:StopAfterQuietSteps=0",
        "--set", "Etr:Evaluation:Prompts=0", "--set", "Etr:Sampling:MaxNewTokens=64",
    ]);
}
