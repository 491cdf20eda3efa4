using System.Diagnostics;
using Etr.Silo.Telemetry;
using OpenTelemetry.Trace;

namespace Etr.Silo.Tests.Telemetry;

public sealed class GroupSamplerTests
{
    [Theory]
    [InlineData("group.deal", 1, SamplingDecision.RecordAndSample)]
    [InlineData("learner.step", 1, SamplingDecision.RecordAndSample)]
    [InlineData("group.deal", 0, SamplingDecision.Drop)]
    [InlineData("ISamplerPoolGrain/HeartbeatAsync", 1, SamplingDecision.Drop)]
    public void A_trace_begins_with_a_group_or_a_step_and_with_nothing_else(string name, double share, SamplingDecision decision) =>
        Assert.Equal(decision, Decide(name, share, default));

    [Theory]
    [InlineData(ActivityTraceFlags.Recorded, SamplingDecision.RecordAndSample)]
    [InlineData(ActivityTraceFlags.None, SamplingDecision.Drop)]
    public void What_is_below_follows_what_is_above(ActivityTraceFlags above, SamplingDecision decision) =>
        Assert.Equal(decision, Decide("slot.lease", 0.5, new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), above, isRemote: true)));

    [Fact]
    public void About_the_share_that_is_asked_for_is_traced()
    {
        int traced = Enumerable.Range(0, 10_000).Count(_ => Decide("group.deal", 0.25, default) == SamplingDecision.RecordAndSample);

        // Five standard deviations.
        Assert.InRange(traced, 2500 - 217, 2500 + 217);
    }

    private static SamplingDecision Decide(string name, double share, ActivityContext parent) =>
        new GroupSampler(share).ShouldSample(new SamplingParameters(parent, ActivityTraceId.CreateRandom(), name, ActivityKind.Internal)).Decision;
}
