using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;

namespace Etr.Dashboard.Tests.Wall;

public sealed class WallOrderTests
{
    private readonly List<WallCell> _cells = [];

    public WallOrderTests()
    {
        Add(0, [1.0, 0.2], tokens: 40, accuracy: 1, second: 3);
        Add(1, [0.2, 1.0], tokens: 90, accuracy: 0, second: 2);
        Add(2, [0.5, 0.5], tokens: 60, accuracy: 0.5, second: 1);
        Add(3, [0.5], tokens: 0, accuracy: double.NaN, second: 4);
    }

    [Theory]
    [InlineData("prompt", "0,1,2,3")]
    [InlineData("live", "3,0,1,2")]
    [InlineData("rise", "1,2,0,3")]
    [InlineData("flattest", "2,0,1,3")]
    [InlineData("longest", "1,2,0,3")]
    [InlineData("oldest", "2,1,0,3")]
    [InlineData("wrong", "1,2,0,3")]
    public void Every_order_puts_first_what_its_name_says(string sort, string expected) =>
        Assert.Equal(expected, Order(WallQuery.Parse(sort, null, null, null)));

    [Theory]
    [InlineData("any", "0,1,2,3")]
    [InlineData("right", "0")]
    [InlineData("mixed", "2")]
    [InlineData("wrong", "1")]
    [InlineData("open", "3")]
    public void Verdicts_filter(string verdict, string expected) =>
        Assert.Equal(expected, Order(WallQuery.Parse(null, verdict, null, null)));

    [Fact]
    public void Categories_filter_and_pins_stay_in_front_all_the_same()
    {
        Assert.Equal("0,2", Order(WallQuery.Parse(null, null, "even", null)));
        Assert.Equal("3,0,2", Order(WallQuery.Parse(null, null, "even", "3")));
    }

    [Theory]
    [InlineData("sideways", "nonsense", "x,-1,99999999999999")]
    [InlineData(null, null, null)]
    public void What_the_url_should_not_say_counts_as_unsaid(string? sort, string? verdict, string? pins)
    {
        var query = WallQuery.Parse(sort, verdict, null, pins);

        Assert.Equal((WallSort.Prompt, WallVerdict.Any, 0), (query.Sort, query.Verdict, query.Pins.Count));
        Assert.All(query.ToParameters(), parameter => Assert.Null(parameter.Value));
    }

    [Fact]
    public void A_query_survives_its_way_through_the_url()
    {
        var written = WallQuery.Parse("rise", "mixed", "B", "4,17").TogglePin(4).TogglePin(9).ToParameters();
        var read = WallQuery.Parse((string?)written["sort"], (string?)written["verdict"], (string?)written["category"], (string?)written["pin"]);

        Assert.Equal((WallSort.Rise, WallVerdict.Mixed, "B"), (read.Sort, read.Verdict, read.Category));
        Assert.Equal([9, 17], read.Pins);
    }

    [Fact]
    public void Cells_are_filtered_by_who_draws_them_with_what_and_how_hard_they_are()
    {
        var cells = Enumerable.Range(0, 4).Select(prompt => new WallCell(prompt)).ToArray();
        foreach (var cell in cells)
        {
            cell.LookUp(Samples.Prompt(cell.Prompt) with
            {
                Id = $"set-{cell.Prompt / 2}/train/{cell.Prompt}",
                History = [Samples.Prompt(0).History[0] with { Ordinal = 0, Accuracy = cell.Prompt / 3.0 }],
            });
            cell.Apply(Samples.Event(RolloutEventKind.StepSampled, cell.Prompt, value: 1) with { Text = cell.Prompt % 2 == 0 ? "a/cpu" : "b/cuda:0", PolicyVersion = 5 + cell.Prompt });
        }

        Assert.Equal("1,3", Of(silo: "b"));
        Assert.Equal("2", Of(version: "7"));
        Assert.Equal("2,3", Of(set: "set-1/train"));
        Assert.Equal("0", Of(difficulty: "hard"));
        Assert.Equal("1,2", Of(difficulty: "medium"));
        Assert.Equal("3", Of(difficulty: "easy"));
        Assert.Equal("0,1,2,3", Of(difficulty: "nonsense", version: "nonsense"));

        string Of(string? difficulty = null, string? set = null, string? silo = null, string? version = null) =>
            string.Join(',', WallOrder.Of(cells, new WallQuery().Filtered(difficulty, set, silo, version)));
    }

    [Fact]
    public void A_round_that_the_feed_and_the_prompt_both_tell_counts_once()
    {
        var cell = new WallCell(1);
        cell.LookUp(Samples.Prompt(1) with { History = [Samples.Prompt(1).History[0] with { Ordinal = 7, Accuracy = 1 }] });
        cell.Apply(Samples.Event(RolloutEventKind.GroupSealed, 1, value: 1, ordinal: 7));
        cell.Apply(Samples.Event(RolloutEventKind.GroupSealed, 1, value: 0, ordinal: 9));

        Assert.Equal(0.5, cell.Ease);
    }

    private string Order(WallQuery query) => string.Join(',', WallOrder.Of(_cells, query));

    private void Add(int prompt, double[] entropies, double tokens, double accuracy, int second)
    {
        var cell = new WallCell(prompt) { Category = prompt % 2 == 0 ? "even" : "odd" };
        var at = DateTimeOffset.UnixEpoch.AddSeconds(second);
        for (var step = 0; step < entropies.Length; step++)
            cell.Apply(Samples.Event(RolloutEventKind.StepSampled, prompt, step: step, value: entropies[step]) with { At = at });
        if (tokens > 0)
            cell.Apply(Samples.Event(RolloutEventKind.TraceEnded, prompt, value: tokens) with { At = at });
        if (!double.IsNaN(accuracy))
            cell.Apply(Samples.Event(RolloutEventKind.GroupSealed, prompt, slot: -1, value: accuracy) with { At = at });
        _cells.Add(cell);
    }
}
