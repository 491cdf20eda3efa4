using System.Text.Json;
using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary><c>etr compare</c> with real runs, as small as they get.</summary>
public sealed class CompareProcessTests : IDisposable
{
    private readonly string _out = Directory.CreateTempSubdirectory("etr-compare-").FullName;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Fact(Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    public async Task An_interrupted_comparison_goes_on_where_it_stopped_and_has_every_step_of_every_run()
    {
        await using (ChildProcess first = Compare())
        {
            await first.LineAsync("start ");
            await Until(() => Directory.EnumerateFiles(_out, "1.json", SearchOption.AllDirectories).Any());
            first.PressControlC();
            Assert.Equal(130, await first.EndAsync());
            Assert.Contains("goes on where it stopped", first.Transcript, StringComparison.Ordinal);
        }

        await using ChildProcess second = Compare();
        Assert.True(await second.EndAsync() == 0, second.Transcript);

        Assert.Contains("resume", second.Transcript, StringComparison.Ordinal);
        using var results = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_out, "results.json")));
        JsonElement[] runs = [.. results.RootElement.GetProperty("runs").EnumerateArray()];
        Assert.Equal(["guarded", "outcome"], runs.Select(run => run.GetProperty("arm").GetString()));
        Assert.All(runs, run => Assert.Equal([1, 2, 3, 4, 5, 6], run.GetProperty("curve").EnumerateArray().Select(point => point.GetProperty("step").GetInt32())));
        Assert.All(runs, run => Assert.InRange(run.GetProperty("after").GetProperty("accuracy").GetDouble(), 0, 1));
        Assert.Contains("`guarded` has one seed", File.ReadAllText(Path.Combine(_out, "RESULTS.md")), StringComparison.Ordinal);
    }

    private ChildProcess Compare() => EtrProcess.Start(
    [
        "compare", "--shapers", "guarded,outcome", "--seeds", "1", "--out", _out, "--jobs", "1",
        "--set", "Etr:Run:Steps=6", "--set", "Etr:Run:PromptsPerStep=4", "--set", "Etr:Run:GroupSize=4", "--set", "Etr:Run:StopAfterQuietSteps=0",
        "--set", "Etr:Evaluation:Prompts=4", "--set", "Etr:Evaluation:Samples=1", "--set", "Etr:Sampling:MaxNewTokens=64",
    ]);

    // Told by the operating system; a look a second makes up for what happened before it was asked.
    private Task Until(Func<bool> there) => Task.Run(() =>
    {
        using var watch = new FileSystemWatcher(_out) { IncludeSubdirectories = true, EnableRaisingEvents = true };
        for (int looks = 0; !there(); looks++)
        {
            Assert.True(looks < 1000, "the first step has not been committed");
            watch.WaitForChanged(WatcherChangeTypes.All, 1000);
        }
    });
}
