using Etr.Core.Rollouts;
using Etr.Grains.Feed;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Samplers;

public class CrashTests
{
    private static ISamplerPoolGrain Pool(EtrCluster cluster) => cluster.Grains.GetGrain<ISamplerPoolGrain>(0);

    [Fact]
    public async Task Slots_lost_with_a_silo_are_drawn_again_and_nothing_else_is()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 3);
        await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Samplers.Count == 3);
        string? killed = null;
        cluster.Engine.DrawOn = (silo, request) =>
        {
            // Until the kill nothing comes to an end.
            if (Volatile.Read(ref killed) is null)
                return false;
            Traces.DrawAll(request, _ => true);
            return true;
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 2, promptsPerStep: 3)));
        var first = new List<(string Silo, RolloutRequest Request)>();
        for (int i = 0; i < 3; i++)
            first.Add(await cluster.Engine.NextOnAsync(cluster.Deadline));

        // The silo of the run and of the pool may be this one: both come up elsewhere.
        string victim = first[0].Silo;
        Volatile.Write(ref killed, victim);
        await cluster.KillAsync(victim);
        foreach ((_, RolloutRequest request) in first.Where(entry => entry.Silo != victim))
            Traces.DrawAll(request, _ => true);

        RunStatus status = await cluster.SurvivedAsync();
        Assert.Equal((RunState.Completed, 3, true), (status.State, status.Groups.Consumed, status.Groups.IsClosed));
        Assert.All(cluster.Engine.Seen.Skip(3), request => Assert.Equal(first[0].Request.PromptIndex, request.PromptIndex));
    }

    [Fact]
    public async Task A_prompt_that_kills_every_silo_is_quarantined_after_three_crashes_alone_and_the_run_completes()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 2);
        await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Samplers.Count == 2);
        uint? poisonous = null;
        cluster.Engine.DrawOn = (_, request) =>
        {
            lock (cluster)
            {
                poisonous ??= request.PromptIndex;
            }

            if (request.PromptIndex == poisonous)
                return false;
            Traces.DrawAll(request, _ => true);
            return true;
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 2, promptsPerStep: 3)));

        Task<RunStatus> survived = cluster.SurvivedAsync();

        // The first draw may have had company, so its crash does not count; three more do.
        for (int crash = 0; crash < 4; crash++)
        {
            (string silo, RolloutRequest request) = await cluster.Engine.NextOnAsync(cluster.Deadline);
            Assert.Equal(poisonous, request.PromptIndex);
            await cluster.JoinAsync();
            await cluster.KillAsync(silo);
        }

        RunStatus status = await survived;
        Assert.Equal((RunState.Completed, 4, 3, 1), (status.State, status.Groups.Created, status.Groups.Consumed, status.Groups.Quarantined));
        Assert.True(status.Groups.IsClosed);
        Assert.Equal(4, cluster.Engine.Seen.Count(request => request.PromptIndex == poisonous));
        Assert.Single(cluster.Events(), found => found.Kind == RolloutEventKind.Fault && found.Text.Contains("lost 3 of at most 3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_group_lost_with_a_silo_is_drawn_alone_until_one_of_its_traces_has_ended()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 2);
        await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Samplers.Count == 2);
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 2, promptsPerStep: 1)));
        (string silo, _) = await cluster.Engine.NextOnAsync(cluster.Deadline);
        await cluster.KillAsync(silo);
        Task<RunStatus> survived = cluster.SurvivedAsync();
        RolloutRequest alone = await cluster.Engine.NextAsync(cluster.Deadline);
        var other = new LeaseRequest { Group = "another", Ordinal = 7, Slots = [0] };
        Assert.Equal("all 64 slots are taken", (await Pool(cluster).LeaseAsync(other)).Reason);

        // One trace ends; the other comes back from its sampler, for whatever reason, and is leased like any.
        alone.Observer.OnEnd(1, TraceEnd.Finished, Traces.Prompt);
        await cluster.EventAsync(found => found is { Kind: RolloutEventKind.TraceEnded, Slot: 1 });
        alone.Observer.OnEnd(0, TraceEnd.Cancelled, Traces.Prompt);
        RolloutRequest rest = await cluster.Engine.NextAsync(cluster.Deadline);
        Assert.Equal([0u], rest.Slots.Select(slot => slot.Slot));
        Assert.Single((await Pool(cluster).LeaseAsync(other)).Leases);
        rest.Observer.OnEnd(0, TraceEnd.Finished, Traces.Prompt);
        Assert.Equal(1, (await survived).Groups.Consumed);
    }
}
