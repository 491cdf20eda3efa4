using Bunit;
using Etr.Dashboard.Prompts;
using Etr.Dashboard.Tests.Hosting;

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
    public void The_picture_is_put_into_words()
    {
        var picture = Render<Trajectories>(parameters => parameters.Add(t => t.Group, Samples.Group(17)));

        Assert.Contains("Trace 2: wrong, 6 steps", picture.Find("desc").TextContent, StringComparison.Ordinal);
        Assert.Equal(8, picture.FindAll("polyline").Count);
    }
}
