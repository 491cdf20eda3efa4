using Bunit;
using Etr.Dashboard.Prompts;
using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Groups;

namespace Etr.Dashboard.Tests.Prompts;

public sealed class PromptPartsTests : BunitContext
{
    // The script that reads points out has a test in the browser.
    public PromptPartsTests() => JSInterop.Mode = JSRuntimeMode.Loose;

    [Fact]
    public void Every_trace_has_a_row_with_verdict_and_its_reward_in_parts()
    {
        var group = Samples.Group(17);
        var table = Render<TraceTable>(parameters => parameters
            .Add(t => t.Group, group)
            .Add(t => t.Chosen, 2)
            .Add(t => t.LinkOf, slot => $"?trace={slot}"));

        Assert.Equal(8, table.FindAll("tbody tr").Count);
        var wrong = table.FindAll("tbody tr")[2];
        Assert.Contains("wrong", wrong.TextContent, StringComparison.Ordinal);
        Assert.Contains("−1.60", wrong.TextContent, StringComparison.Ordinal);
        Assert.Equal("?trace=2", wrong.QuerySelector("a")!.GetAttribute("href"));
        Assert.Equal("true", wrong.QuerySelector("a")!.GetAttribute("aria-current"));
    }

    [Fact]
    public void The_picture_of_an_equal_group_is_not_drawn_again()
    {
        var group = Samples.Group(17);
        var picture = Render<Trajectories>(parameters => parameters.Add(t => t.Group, group).Add(t => t.Chosen, 0));
        Assert.Equal(1, picture.RenderCount);

        picture.Render(parameters => parameters.Add(t => t.Group, group).Add(t => t.Chosen, 0));
        Assert.Equal(1, picture.RenderCount);

        picture.Render(parameters => parameters.Add(t => t.Group, group).Add(t => t.Chosen, 1));
        Assert.Equal(2, picture.RenderCount);
    }

    [Fact]
    public void A_row_tells_what_the_length_paid_and_which_versions_drew_the_trace()
    {
        var group = Samples.Group(17, slots: 3);
        group = group with
        {
            Traces =
            [
                group.Traces[0] with { Reward = 0.75, CorrectnessReward = 1, TrendReward = 0.05, OldestVersion = 4, NewestVersion = 6 },
                group.Traces[1] with { OldestVersion = 5, NewestVersion = 5 },
                group.Traces[2],
            ],
        };
        var rows = Render<TraceTable>(parameters => parameters.Add(t => t.Group, group).Add(t => t.Chosen, 0).Add(t => t.LinkOf, slot => $"?trace={slot}")).FindAll("tbody tr");

        string[] heads = ["= correctness", "+ trend", "+ length", "Policy version"];
        var columns = Render<TraceTable>(parameters => parameters.Add(t => t.Group, group).Add(t => t.Chosen, 0).Add(t => t.LinkOf, slot => $"?trace={slot}"))
            .FindAll("thead th").Select(cell => cell.TextContent).ToList();
        string[] Cells(int row) => [.. heads.Select(head => rows[row].Children[columns.IndexOf(head)].TextContent.Trim())];
        Assert.Equal(["+1.00", "+0.0500", "−0.3000", "4–6"], Cells(0));
        Assert.Equal(["0.0000", "5"], Cells(1)[2..]);
        Assert.Equal("–", Cells(2)[3]);
    }

    [Fact]
    public void Every_token_has_its_gap_and_the_trace_their_mean_and_largest()
    {
        var trace = Samples.Group(17).Traces[1];
        float[] gaps = [.. trace.TokenTexts.Select((_, i) => i == 2 ? -0.5f : i == 3 ? 3e-5f : 0f)];
        var detail = Detail(trace, new GroupGaps { State = GapState.Known, Traces = [new SlotGaps(1, 2, gaps)] });

        var tokens = detail.FindAll(".tokens .t").Select(token => token.GetAttribute("data-v")!.Split(' ', 5)[4]).ToArray();
        Assert.Equal(trace.TokenTexts.Count, tokens.Length);
        Assert.Equal(["0", "0", "−0.5000", "+3 · 10^−5", "0"], tokens[..5]);
        Assert.Equal("", detail.Find(".tokens").GetAttribute("data-gap"));
        string words = Fact(detail, "Sampler − learner");
        Assert.Contains("largest −0.5000 at token 3", words, StringComparison.Ordinal);
        Assert.Contains($"mean |gap| {(0.50003 / trace.TokenTexts.Count).ToString("F4", System.Globalization.CultureInfo.InvariantCulture)} nats", words, StringComparison.Ordinal);
        Assert.EndsWith("the learner 2 of its step’s updates on", words, StringComparison.Ordinal);
        // The table of steps has the mean of each: −0.5 and 3e-5 are in the first, of seven tokens.
        Assert.Contains("0.0714", detail.FindAll("tbody tr")[0].TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "being read")]
    [InlineData(GapState.NotTrained, "not known yet: the group has not been trained on")]
    [InlineData(GapState.NeverTrained, "none: the group was not trained on")]
    [InlineData(GapState.NotKept, "not kept by the step that trained on it")]
    [InlineData(GapState.Unreadable, "kept, but cannot be read now")]
    [InlineData(GapState.Known, "none: the step did not pass this trace through the model")]
    public void Where_gaps_are_not_known_it_says_why(GapState? state, string why)
    {
        var detail = Detail(Samples.Group(17).Traces[1], state is { } known ? GroupGaps.Without(known) : null);

        Assert.Equal(why, Fact(detail, "Sampler − learner"));
        Assert.Equal(why, detail.Find(".tokens").GetAttribute("data-gap"));
        Assert.All(detail.FindAll(".tokens .t"), token => Assert.EndsWith(" ", token.GetAttribute("data-v"), StringComparison.Ordinal));
    }

    [Fact]
    public void The_text_is_drawn_again_when_its_gaps_come_and_not_otherwise()
    {
        var trace = Samples.Group(17).Traces[1];
        var gaps = new GroupGaps { State = GapState.Known, Traces = [new SlotGaps(1, 0, new float[trace.TokenTexts.Count])] };
        var detail = Detail(trace, null);
        Assert.Equal(1, detail.RenderCount);
        detail.Render(parameters => parameters.Add(t => t.Trace, trace).Add(t => t.Gaps, gaps));
        Assert.Equal(2, detail.RenderCount);
        detail.Render(parameters => parameters.Add(t => t.Trace, trace).Add(t => t.Gaps, gaps));
        Assert.Equal(2, detail.RenderCount);
        Assert.Equal("mean |gap| 0 nats, largest 0 at token 1", Fact(detail, "Sampler − learner"));
    }

    [Fact]
    public void The_picture_is_put_into_words()
    {
        var picture = Render<Trajectories>(parameters => parameters.Add(t => t.Group, Samples.Group(17)));

        Assert.Contains("Trace 2: wrong, 6 steps", picture.Find("desc").TextContent, StringComparison.Ordinal);
        Assert.Equal(8, picture.FindAll("polyline").Count);
    }

    private IRenderedComponent<TraceDetail> Detail(TraceView trace, GroupGaps? gaps) =>
        Render<TraceDetail>(parameters => parameters.Add(t => t.Trace, trace).Add(t => t.Gaps, gaps).Add(t => t.Alpha, 0).Add(t => t.Beta, 1).Add(t => t.Gamma, 0.9));

    private static string Fact(IRenderedComponent<TraceDetail> detail, string name) =>
        detail.FindAll("dl.facts div").Single(fact => fact.Children[0].TextContent == name).Children[1].TextContent;
}
