using Etr.Core.Entropies;
using Etr.Core.Rollouts;
using Etr.Policy.Runtime;
using Etr.Policy.Scoring;
using Etr.Silo.Configuration;
using Etr.Silo.Tests.Endpoint;

namespace Etr.Silo.Tests.RemoteSamplers;

/// <summary>Both sides at once: a remote sampler pointed at our own endpoint.</summary>
public sealed class OwnEndpointTests : IAsyncDisposable
{
    private readonly ShippedPolicy _shipped = new();

    public ValueTask DisposeAsync() => _shipped.DisposeAsync();

    [Fact]
    public async Task A_group_drawn_through_it_has_the_bits_of_one_drawn_here()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        await using var remote = new RemoteHarness(Settings(host, "etr"), _shipped);

        TraceRecorder drawn = await remote.DrawnAsync(slots: 8, fullEntropy: true, limit: 80);

        TraceRecorder own = await DrawHereAsync([.. Enumerable.Range(0, 8).Select(slot => new RolloutSlot((uint)slot, []))], 80);
        Assert.Null(drawn.Failure);
        Assert.Equal(own.Prompt, drawn.Prompt);
        for (uint slot = 0; slot < 8; slot++)
        {
            // Ids, texts, log-probabilities, both entropies, arg-max breaks and versions, to the last bit.
            Assert.Equal(own.Trace(slot), drawn.Trace(slot));
            Assert.Equal(own.Endings[slot], drawn.Endings[slot]);
        }
    }

    [Fact]
    public async Task A_slot_goes_on_from_its_tokens_as_if_it_had_never_moved()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        await using var remote = new RemoteHarness(Settings(host, "etr"), _shipped);
        TraceRecorder whole = await DrawHereAsync([new RolloutSlot(5, [])], 80);
        SampledToken[] begun = [.. whole.Trace(5).Take(17)];

        TraceRecorder drawn = await remote.DrawnAsync(given: [new RolloutSlot(5, begun), new RolloutSlot(6, [])], limit: 80);

        Assert.Equal(whole.Trace(5).Skip(17), drawn.Trace(5));
        Assert.Equal(whole.Endings[5], drawn.Endings[5]);
        Assert.NotEmpty(drawn.Trace(6));
    }

    [Fact]
    public async Task A_policy_that_the_silo_does_not_have_is_not_drawn_with_another()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        await using var remote = new RemoteHarness(Settings(host, "etr"), _shipped);

        TraceRecorder drawn = await remote.DrawnAsync(policy: _shipped.Policy with { Sha256 = new string('0', 64) });

        Assert.Null(drawn.Failure);
        Assert.Equal(TraceEnd.Cancelled, drawn.Endings[0]);
        Assert.Empty(drawn.Trace(0));
        Assert.Equal(1, remote.Count("etr.remote.faults refused"));
        Assert.Contains("there is no policy", remote.Link.Health.State, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.7)]
    [InlineData(1.0)]
    public async Task Spoken_to_as_a_vllm_it_tells_the_reference_presets_entropy_exactly_and_bounds_the_full_one(double temperature)
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        await using var plain = new RemoteHarness(Settings(host, "vllm"), _shipped);
        TraceRecorder drawn = await plain.DrawnAsync(slots: 4, policy: _shipped.Policy with { Version = 0 }, limit: 60, temperature: temperature);

        await using var scorer = new PolicyScorer(_shipped.Config, TorchRuntime.Start("cpu", 1));
        for (uint slot = 0; slot < 4; slot++)
        {
            IReadOnlyList<SampledToken> trace = drawn.Trace(slot);
            Assert.NotEmpty(trace);
            TokenMeasure[] exact = await scorer.ScoreAsync(_shipped.Policy, drawn.Prompt, [.. trace.Select(token => token.Id)], temperature, TestContext.Current.CancellationToken);
            for (int i = 0; i < trace.Count; i++)
            {
                Assert.Equal(exact[i].LogProbability, trace[i].LogProb, 1e-4);
                Assert.True(trace[i].Entropy <= exact[i].Entropy + 1e-4, $"{trace[i].Entropy} is no lower bound of {exact[i].Entropy}");
            }
        }
    }

    [Fact]
    public async Task A_scoring_pass_gives_what_an_engine_here_would_have_recorded()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        TraceRecorder own = await DrawHereAsync([new RolloutSlot(0, [])], 80);
        await using var scorer = new PolicyScorer(_shipped.Config, TorchRuntime.Start("cpu", 1));

        TokenMeasure[] scored = await scorer.ScoreAsync(_shipped.Policy, own.Prompt, [.. own.Trace(0).Select(token => token.Id)], 0.7, TestContext.Current.CancellationToken);

        Assert.Equal(own.Trace(0).Count, scored.Length);
        foreach ((SampledToken token, TokenMeasure measure) in own.Trace(0).Zip(scored))
        {
            Assert.Equal(token.LogProb, measure.LogProbability, 1e-4);
            Assert.Equal(token.Entropy, measure.Entropy, 1e-4);
        }
    }

    [Fact]
    public async Task What_a_server_draws_is_scored_before_it_is_reported()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        var scorer = new PolicyScorer(_shipped.Config, TorchRuntime.Start("cpu", 1));
        await using var remote = new RemoteHarness(Settings(host, "vllm"), _shipped, scorer);

        TraceRecorder drawn = await remote.DrawnAsync(slots: 3, policy: _shipped.Policy with { Version = 0 }, fullEntropy: true, limit: 60);

        Assert.Null(drawn.Failure);
        for (uint slot = 0; slot < 3; slot++)
        {
            Assert.Equal(1, drawn.Reports[slot]);
            TokenMeasure[] exact = await scorer.ScoreAsync(_shipped.Policy, drawn.Prompt, [.. drawn.Trace(slot).Select(token => token.Id)], 0.7, TestContext.Current.CancellationToken);
            Assert.Equal(exact.Select(measure => (float)measure.Entropy), drawn.Trace(slot).Select(token => token.Entropy));
        }
    }

    [Fact]
    public async Task What_other_weights_drew_is_found_out_and_forgotten()
    {
        // It says ln 0.6 of tokens that the policy would hardly draw.
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Draw([5, 6, 5, 6, _shipped.Config.EndTokens[0]]));
        var scorer = new PolicyScorer(_shipped.Config, TorchRuntime.Start("cpu", 1));
        await using var remote = new RemoteHarness(new RemoteServerSettings { Url = server.Url, Model = "base", Retries = 0 }, _shipped, scorer);

        TraceRecorder drawn = await remote.DrawnAsync(policy: _shipped.Policy with { Version = 0 });

        Assert.Null(drawn.Failure);
        Assert.Equal(TraceEnd.Cancelled, drawn.Endings[0]);
        Assert.Empty(drawn.Trace(0));
        Assert.Equal(1, remote.Count("etr.remote.faults other-weights"));
    }

    [Fact]
    public async Task A_reward_that_reads_full_entropies_is_not_given_others()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        await using var remote = new RemoteHarness(Settings(host, "vllm"), _shipped);

        TraceRecorder drawn = await remote.DrawnAsync(fullEntropy: true);

        Assert.Contains("Etr:Samplers:Scoring=torch", drawn.Failure, StringComparison.Ordinal);
    }

    private static RemoteServerSettings Settings(EndpointHost host, string kind) =>
        new() { Url = host.Address.ToString(), Kind = kind, Model = kind == "etr" ? "" : "shipped", Retries = 0 };

    private async Task<TraceRecorder> DrawHereAsync(IReadOnlyList<RolloutSlot> slots, int limit)
    {
        await using IRolloutEngine engine = _shipped.NewEngine();
        var recorder = new TraceRecorder(slots.Count);
        await engine.SubmitAsync(
            new RolloutRequest(ShippedPolicy.Prompt, 7, 2, 23, _shipped.Policy, new SamplingOptions { Temperature = 0.7, MaxNewTokens = limit }, slots, recorder, CancellationToken.None),
            TestContext.Current.CancellationToken);
        await recorder.Done;
        return recorder;
    }
}
