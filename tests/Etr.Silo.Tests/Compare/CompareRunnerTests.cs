using System.Collections.Concurrent;
using Etr.Core.Runs;
using Etr.Silo.Cli;
using Etr.Silo.Compare;

namespace Etr.Silo.Tests.Compare;

/// <summary>Which runs are made, and how: with a runner that writes what <c>etr train</c> would.</summary>
public sealed class CompareRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-compare-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Every_arm_is_run_with_every_seed_in_a_folder_and_data_directory_of_its_own()
    {
        var children = new FakeChildren();

        Assert.Equal(ExitCodes.Done, await Run(children, Plan(["a", "b"], [1, 2])));

        Assert.Equal(["a/1", "b/1", "a/2", "b/2"], children.Calls.Select(Place));
        Assert.Equal(4, children.Calls.Select(call => Value(call, "Etr:Data")).Distinct().Count());
        IReadOnlyList<string> last = children.Calls.Last();
        Assert.Equal(["train", "--exit", "--no-dashboard"], last.Take(3));
        Assert.Equal(("2", "3", "b"), (Value(last, "Etr:Run:Seed"), Value(last, "Etr:Policy:Threads"), Value(last, "Etr:Reward:Shaper")));
    }

    [Fact]
    public async Task What_is_finished_is_not_made_again()
    {
        var children = new FakeChildren();
        await Run(children, Plan(["a"], [1, 2]));
        children.Calls.Clear();

        Assert.Equal(ExitCodes.Done, await Run(children, Plan(["a"], [1, 2, 3])));

        Assert.Equal("a/3", Place(Assert.Single(children.Calls)));
        Assert.Contains("3 runs, 2 there already", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_was_begun_is_resumed_under_its_own_configuration()
    {
        var children = new FakeChildren();
        string begun = Path.Combine(_folder, "runs", "a", "1", "data", "runs", "20260101-000000-a");
        Directory.CreateDirectory(begun);
        File.WriteAllText(Path.Combine(begun, "configuration.json"), "{}");

        await Run(children, Plan(["a"], [1]));

        IReadOnlyList<string> call = Assert.Single(children.Calls);
        Assert.Equal("20260101-000000-a", call[call.ToList().IndexOf("--resume") + 1]);
        Assert.Single(call, "--set");
    }

    [Fact]
    public async Task One_that_fails_is_told_with_its_last_lines_and_stops_no_other()
    {
        var children = new FakeChildren { Fails = place => place == "a/1" };

        Assert.Equal(ExitCodes.Failed, await Run(children, Plan(["a", "b"], [1])));

        Assert.Equal(2, children.Calls.Count);
        Assert.Contains("a seed 1 ended with exit code 1", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("    no memory", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("b seed 1: accuracy 0.800 -> 0.900", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupt_starts_nothing_more_and_says_how_to_go_on()
    {
        using var interrupt = new CancellationTokenSource();
        var children = new FakeChildren { Interrupt = interrupt };

        Assert.Equal(ExitCodes.Interrupted, await Run(children, Plan(["a", "b"], [1]), interrupt.Token));

        Assert.Single(children.Calls);
        Assert.Contains("interrupted with 2 runs to go", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("FAILED", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_other_settings_is_refused_before_anything_starts()
    {
        await Run(new FakeChildren(), Plan(["a"], [1]));
        var children = new FakeChildren();
        ComparePlan other = Plan(["a"], [1, 2]) with { Limit = TimeSpan.FromMinutes(3) };

        var refused = await Assert.ThrowsAsync<CommandFailure>(() => Run(children, other));

        Assert.Contains("with other settings", refused.Message, StringComparison.Ordinal);
        Assert.Empty(children.Calls);
    }

    [Fact]
    public async Task Equal_wall_clock_is_told_to_every_run()
    {
        var children = new FakeChildren();

        await Run(children, Plan(["a"], [1]) with { Limit = TimeSpan.FromMinutes(1.5) });

        IReadOnlyList<string> call = Assert.Single(children.Calls);
        Assert.Equal("1.5", call[call.ToList().IndexOf("--minutes") + 1]);
    }

    [Fact]
    public async Task Results_are_gathered_written_and_read_again()
    {
        await Run(new FakeChildren(), Plan(["b", "a"], [2, 1]));
        CancellationToken cancel = TestContext.Current.CancellationToken;

        CompareResults gathered = await CompareResults.GatherAsync(_folder, ["b", "a"], cancel);
        await gathered.WriteAsync(_folder, cancel);
        Directory.Delete(Path.Combine(_folder, "runs", "a"), recursive: true);
        CompareResults again = await CompareResults.GatherAsync(_folder, [], cancel);

        // Runs whose folders were thrown away live on in the file.
        Assert.Equal(["b 1", "b 2", "a 1", "a 2"], again.Runs.Select(run => $"{run.Arm} {run.Seed}"));
        Assert.Equal(.9, again.Runs[2].After!.Accuracy);
        Assert.Equal(33, again.Runs[2].After!.ByCategory["A"].Length);
        Assert.Equal("a", again.Runs[2].Settings["Etr:Reward:Shaper"]);
    }

    [Fact]
    public async Task Results_of_another_version_are_refused()
    {
        File.WriteAllText(Path.Combine(_folder, "results.json"), """{"format":"etr-compare","version":2,"runs":[]}""");

        var refused = await Assert.ThrowsAsync<CommandFailure>(() => CompareResults.ReadAsync(_folder, TestContext.Current.CancellationToken));

        Assert.Contains("version 2", refused.Message, StringComparison.Ordinal);
    }

    private ComparePlan Plan(string[] arms, int[] seeds)
    {
        PlannedArm[] planned = [.. arms.Select(arm => new PlannedArm(arm, new Dictionary<string, string> { ["Etr:Reward:Shaper"] = arm }, new RunConfiguration(), "group"))];
        return new ComparePlan(planned, seeds, _folder, Jobs: 1, Threads: 3, Limit: null, Warnings: []);
    }

    private Task<int> Run(FakeChildren children, ComparePlan plan, CancellationToken? interrupt = null) =>
        new CompareRunner(plan, children, new Terminal(_output, _error, interactive: false), TimeProvider.System).RunAsync(interrupt ?? TestContext.Current.CancellationToken);

    private static string Place(IReadOnlyList<string> call)
    {
        string folder = Path.GetDirectoryName(SummaryOf(call))!;
        return $"{Path.GetFileName(Path.GetDirectoryName(folder))}/{Path.GetFileName(folder)}";
    }

    private static string SummaryOf(IReadOnlyList<string> call) => call[call.ToList().IndexOf("--summary") + 1];

    private static string Value(IReadOnlyList<string> call, string key) => Assert.Single(call, word => word.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];

    private sealed class FakeChildren : IChildRunner
    {
        public ConcurrentQueue<IReadOnlyList<string>> Calls { get; } = new();

        public Func<string, bool> Fails { get; init; } = _ => false;

        public CancellationTokenSource? Interrupt { get; init; }

        public async Task<ChildEnd> RunAsync(IReadOnlyList<string> arguments, string log, CancellationToken interrupt)
        {
            Calls.Enqueue(arguments);
            if (Interrupt is not null)
            {
                await Interrupt.CancelAsync();
                return new ChildEnd(ExitCodes.Interrupted, "state is saved");
            }

            if (Fails(Place(arguments)))
                return new ChildEnd(ExitCodes.Failed, "first\nno memory");
            await File.WriteAllTextAsync(SummaryOf(arguments), Summary, interrupt);
            return new ChildEnd(ExitCodes.Done, "");
        }

        private const string Summary = """
            {
              "run": "r", "steps": 0, "resumedFrom": 0, "seconds": 2, "seed": 1, "shaper": "a", "estimator": "group", "aes": 0.5,
              "before": { "accuracy": 0.8, "accuracyInterval95": [0.7, 0.9], "length": 100, "steps": 10, "spearman": null, "reflections": 5, "trendLengthCorrelation": null, "h1": 0.2, "byCategory": {}, "greedy": null },
              "after": { "accuracy": 0.9, "accuracyInterval95": [0.8, 1], "length": 40, "steps": 4, "spearman": -0.5, "reflections": 1, "trendLengthCorrelation": -0.9, "h1": 0.1,
                "byCategory": { "A": { "accuracy": 1, "accuracyInterval95": [0.9, 1], "length": 33, "steps": 4, "spearman": null, "reflections": 0, "trendLengthCorrelation": null, "h1": 0 } }, "greedy": null }
            }
            """;
    }
}
