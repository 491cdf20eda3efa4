using Etr.Core.Rollouts;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Samplers;

public class DrainTests
{
    private static readonly SampledToken[] Told = Traces.Steps("0", 1)[0];

    private static ISamplerPoolGrain Pool(EtrCluster cluster) => cluster.Grains.GetGrain<ISamplerPoolGrain>(0);

    private static ISamplerGrain Sampler(EtrCluster cluster, string silo) => cluster.Grains.GetGrain<ISamplerGrain>(ISamplerGrain.KeyOf(silo, "fake"));

    private static Task<PoolStatus> SamplersAsync(EtrCluster cluster, int count) =>
        cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Samplers.Count == count);

    // One group of one slot, with a step told and one more token drawn since, which the engine tells when it is cancelled.
    private static async Task<(string Silo, RolloutRequest Request)> HalfDrawnAsync(EtrCluster cluster, SampledToken since)
    {
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 1, promptsPerStep: 1)));
        (string silo, RolloutRequest request) = await cluster.Engine.NextOnAsync(cluster.Deadline);
        request.Observer.OnTokens(0, Told);
        request.Cancellation.Register(() => request.Observer.OnTokens(0, [since]));
        await cluster.EventAsync(found => found is { Kind: RolloutEventKind.StepSampled, Step: 0 });
        return (silo, request);
    }

    private static void Finish(RolloutRequest request)
    {
        foreach (RolloutSlot slot in request.Slots)
            request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Traces.Prompt);
    }

    [Fact]
    public async Task A_drained_sampler_hands_back_every_token_and_another_goes_on_after_them()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 2);
        await SamplersAsync(cluster, 2);
        SampledToken since = Traces.Token("half");
        (string silo, RolloutRequest request) = await HalfDrawnAsync(cluster, since);

        Task drained = Sampler(cluster, silo).DrainAsync(TimeSpan.Zero);
        (string other, RolloutRequest again) = await cluster.Engine.NextOnAsync(cluster.Deadline);
        await drained.WaitAsync(cluster.Deadline);

        Assert.NotEqual(silo, other);
        Assert.True(request.Cancellation.IsCancellationRequested);
        Assert.Equal([.. Told, since], Assert.Single(again.Slots).Prefix);
        Assert.Equal([ISamplerGrain.KeyOf(other, "fake")], (await Pool(cluster).GetStatusAsync()).Samplers.Select(sampler => sampler.Sampler));
        Assert.Equal(0, (await Pool(cluster).GetStatusAsync()).Voided);
        Assert.DoesNotContain(cluster.Events(), found => found.Kind == RolloutEventKind.Fault);

        Finish(again);
        RunStatus status = await cluster.EndedAsync();
        Assert.Equal((1, true), (status.Groups.Consumed, status.Groups.IsClosed));
        Assert.Equal([.. Told.Select(token => token.Text), "half"], (await cluster.Group(0).GetViewAsync()).Traces[0].TokenTexts);
    }

    [Fact]
    public async Task A_draining_sampler_draws_on_takes_nothing_new_and_leaves_when_nothing_is_left()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 2);
        await SamplersAsync(cluster, 2);
        (string silo, RolloutRequest request) = await HalfDrawnAsync(cluster, Traces.Token("never"));

        Task drained = Sampler(cluster, silo).DrainAsync(TimeSpan.FromSeconds(10));
        PoolStatus pool = await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Draining == 1);
        Assert.Equal(ISamplerGrain.KeyOf(silo, "fake"), pool.Samplers.Single(sampler => sampler.Draining).Sampler);
        LeaseGrant grant = await Pool(cluster).LeaseAsync(new LeaseRequest { Group = "another", Ordinal = 7, Slots = [0] });
        Assert.NotEqual(ISamplerGrain.KeyOf(silo, "fake"), grant.Sampler);
        Assert.False(drained.IsCompleted);
        Assert.False(request.Cancellation.IsCancellationRequested);

        Finish(request);
        await drained.WaitAsync(cluster.Deadline);
        Assert.Single((await Pool(cluster).GetStatusAsync()).Samplers);

        // It stays away: neither another drain nor its silo's heartbeats bring it back.
        await Sampler(cluster, silo).DrainAsync(TimeSpan.FromSeconds(10));
        await Sampler(cluster, silo).HeartbeatAsync();
        Assert.Single((await Pool(cluster).GetStatusAsync()).Samplers);
        Assert.Equal(1, (await cluster.EndedAsync()).Groups.Consumed);
    }

    [Fact]
    public async Task A_silo_that_stops_in_good_order_loses_no_token_and_makes_no_group_suspect()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 2);
        await SamplersAsync(cluster, 2);
        SampledToken since = Traces.Token("half");
        (string silo, _) = await HalfDrawnAsync(cluster, since);

        await cluster.StopAsync(silo);
        RolloutRequest again = await cluster.Engine.NextAsync(cluster.Deadline);
        Assert.Equal([.. Told, since], Assert.Single(again.Slots).Prefix);
        PoolStatus pool = await SamplersAsync(cluster, 1);

        // Not alone: the sampler would give another group nothing.
        LeaseGrant grant = await Pool(cluster).LeaseAsync(new LeaseRequest { Group = "another", Ordinal = 7, Slots = [0] });
        Assert.Equal(pool.Samplers[0].Sampler, grant.Sampler);
        Finish(again);
        Assert.Equal(1, (await cluster.EndedAsync()).Groups.Consumed);
    }

    [Fact]
    public async Task A_group_whose_host_goes_in_good_order_writes_what_it_holds()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(options => options.Progress = TimeSpan.FromMinutes(1));
        (_, RolloutRequest request) = await HalfDrawnAsync(cluster, Traces.Token("never"));
        int before = cluster.Storage.WritesOf("group");

        await EtrCluster.DeactivateAsync(cluster.Group(0));
        GroupView view = await cluster.UntilAsync(() => cluster.Group(0).GetViewAsync(), found => cluster.Storage.WritesOf("group") > before);
        Assert.Equal(Told.Select(token => token.Text), view.Traces[0].TokenTexts);
        Finish(request);
        Assert.Equal(1, (await cluster.EndedAsync()).Groups.Consumed);
    }
}
