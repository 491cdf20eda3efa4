using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Core.Trends;

namespace Etr.Core.Tests.Rollouts;

public class TraceBuilderTests
{
    private static SampledToken Token(string text, double entropy, bool breaks = false) =>
        new(1, text, -0.5f, (float)entropy, (float)(entropy / 2), breaks, 3);

    [Fact]
    public void A_step_is_known_with_the_token_that_ends_it()
    {
        var builder = new TraceBuilder(EtrPreset.Paper);
        Assert.Equal(-1, builder.Add(Token("a", 1)));
        Assert.Equal(0, builder.Add(Token("\n\n", 3)));
        Assert.Equal(-1, builder.Add(Token("b", 0.5)));
        Assert.Equal(1, builder.Add(Token("c\n\n", 0.5)));

        Assert.Equal([2.0, 0.5], builder.StepEntropies);
        Assert.Equal(1.5, builder.Trend, 12);
    }

    [Fact]
    public void White_space_that_follows_a_step_moves_its_entropy_and_the_trend()
    {
        var builder = new TraceBuilder(EtrPreset.Paper);
        builder.Add(Token("a\n\n", 2));
        builder.Add(Token("b\n\n", 1));
        Assert.Equal(1, builder.Add(Token("\n\n", 0)));

        Assert.Equal([2.0, 0.5], builder.StepEntropies);
        Assert.Equal(1.5, builder.Trend, 12);
    }

    [Fact]
    public void The_reference_preset_follows_the_arg_max_rule()
    {
        var builder = new TraceBuilder(EtrPreset.Reference);
        builder.Add(Token("a", 1));
        builder.Add(Token("b", 3, breaks: true));
        builder.Add(Token("c", 1, breaks: true));
        builder.Add(Token("d", 9));

        var trend = new TrendAccumulator(TrendOptions.Reference);
        trend.Add(1.0);
        trend.Add(0.5);
        Assert.Equal(trend.Value, builder.Trend, 12);
        Assert.Equal([1.0, 0.5], builder.Complete(truncated: true).ReferenceStepEntropies);
    }

    [Fact]
    public void A_finished_trace_has_its_tail_as_last_step_and_every_token_in_one()
    {
        var builder = new TraceBuilder(EtrPreset.Guarded);
        foreach (string text in new[] { "a", "\n\n", "b", "" })
            builder.Add(Token(text, 1));
        Trace trace = builder.Complete(truncated: false);

        Assert.Equal([2, 4], trace.StepEnds);
        Assert.Equal([0, 0, 1, 1], trace.TokenSteps);
        Assert.Equal("a\n\nb", trace.Text);
        Assert.Equal(4, trace.Graded(correct: true).TokenCount);
    }

    [Fact]
    public void Ended_steps_agree_with_the_finished_trace_for_any_tokens()
    {
        var random = new PhiloxSequence(7, 1, 0);
        string[] texts = ["a", "\n", "\n\n", " ", "b\n", "\nc", "", "d\n\ne"];
        for (int trial = 0; trial < 500; trial++)
        {
            var builder = new TraceBuilder(EtrPreset.Paper);
            int length = 1 + random.NextInt(30);
            for (int i = 0; i < length; i++)
                builder.Add(Token(texts[random.NextInt(texts.Length)], random.NextInt(1000) / 256.0));
            builder.Add(Token("x\n\n", 1));
            builder.Add(Token("y", 1));

            Trace trace = builder.Complete(truncated: false);
            Assert.Equal(trace.StepEntropies[..^1], builder.StepEntropies);
            Assert.Equal(EntropyTrend.Of(trace.StepEntropies.AsSpan()[..^1], TrendOptions.Paper), builder.Trend, tolerance: 1e-9);
        }
    }
}
