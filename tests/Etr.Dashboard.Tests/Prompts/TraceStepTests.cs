using Etr.Core.Trends;
using Etr.Dashboard.Prompts;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.Prompts;

public sealed class TraceStepTests
{
    [Fact]
    public void Momentum_is_what_each_step_adds_to_the_trend()
    {
        // Rises of 0.2 and 0.1 with a fall between them, alpha 0, beta 1, gamma 0.9:
        // S = 0, −0.2, −0.18, −0.262 and R their sum.
        var trace = Samples.Group(1).Traces[0] with { StepEntropies = [0.5, 0.7, 0.4, 0.5] };

        var steps = TraceStep.Of(trace, TrendOptions.Guarded);

        Assert.Equal([0, -0.2, -0.18, -0.262], steps.Take(4).Select(step => step.Momentum), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(-0.642, steps[3].Trend, 12);
        Assert.Equal(EntropyTrend.Of([0.5, 0.7, 0.4, 0.5], TrendOptions.Guarded), steps[3].Trend, 12);
    }

    [Fact]
    public void Steps_cover_every_token_once_and_the_open_one_has_no_entropy_yet()
    {
        var trace = Samples.Group(1).Traces[1];
        trace = trace with { StepEntropies = [.. trace.StepEntropies.Take(2)], Ended = false };

        var steps = TraceStep.Of(trace, TrendOptions.Guarded);

        Assert.Equal(trace.TokenTexts.Count, steps.Sum(step => step.Tokens));
        Assert.True(double.IsNaN(steps[^1].Entropy));
        Assert.Equal(0, steps[0].FirstToken);
        Assert.All(steps.Skip(1).Zip(steps), pair => Assert.Equal(pair.Second.FirstToken + pair.Second.Tokens, pair.First.FirstToken));
    }
}
