using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Logging;

public class LogTests
{
    private const string Marker = "the prompt in its own words";

    [Fact]
    public async Task Lines_say_which_run_and_group_they_are_about()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => request.Observer.OnFailed("it does not fit");
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));
        await cluster.EndedAsync();

        LogCatcher.Line failed = cluster.Logs.Lines.First(line => line.Text.Contains("the draw failed", StringComparison.Ordinal));
        Assert.Equal(("run", typeof(long)), (failed.Scopes["run"], failed.Scopes["group"]!.GetType()));
        Assert.Equal(1103, failed.Id.Id);
        Assert.All(cluster.Logs.Lines.Where(line => line.Category == typeof(GroupGrain).FullName), line => Assert.Equal("run", line.Scopes["run"]));
    }

    [Fact]
    public async Task What_an_engine_says_of_a_prompt_is_an_event_and_no_log_line_at_information()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => request.Observer.OnFailed($"this does not fit: {Marker}");
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));
        await cluster.EndedAsync();

        Assert.Contains(cluster.Events(), found => found.Kind == RolloutEventKind.Fault && found.Text.Contains(Marker, StringComparison.Ordinal));
        Assert.NotEmpty(cluster.Logs.Lines);
        Assert.DoesNotContain(Marker, cluster.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neither_prompts_nor_traces_are_in_the_lines_of_a_run()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        string data = Path.Combine(Directory.CreateDirectory(cluster.RunDirectory("data")).FullName, "prompts.jsonl");
        await File.WriteAllLinesAsync(data, Enumerable.Range(0, 12).Select(index => $$"""{"id":"{{index}}","problem":"{{Marker}} {{index}}","answer":"7"}"""), TestContext.Current.CancellationToken);
        cluster.Engine.Draw = request =>
        {
            foreach (RolloutSlot slot in request.Slots)
            {
                request.Observer.OnTokens(slot.Slot, [Traces.Token("a trace in its own words"), Traces.Token("\n\n", 0.1f, 5), Traces.Token("7", 0.1f, 8)]);
                request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Traces.Prompt);
            }
        };
        await cluster.Run().StartAsync(cluster.StartOf(
            EtrCluster.Shape(steps: 3), change: configuration => configuration with { Task = new TaskOptions { Name = "jsonl", Data = data } }));
        await cluster.EndedAsync();

        Assert.Contains(cluster.Engine.Seen, request => request.Prompt.Contains(Marker, StringComparison.Ordinal));
        string trace = string.Concat((await cluster.Group(0).GetViewAsync()).Traces[0].TokenTexts);
        Assert.Contains(cluster.Logs.Lines, line => line.Id.Name == "LogStep");
        Assert.DoesNotContain(Marker, cluster.Logs.Text, StringComparison.Ordinal);
        Assert.StartsWith("a trace in its own words", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("a trace in its own words", cluster.Logs.Text, StringComparison.Ordinal);
    }
}
