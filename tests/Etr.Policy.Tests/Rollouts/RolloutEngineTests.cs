using Etr.Core.Entropies;
using Etr.Core.Rollouts;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;
using TorchSharp;

namespace Etr.Policy.Tests.Rollouts;

public sealed class RolloutEngineTests : IDisposable
{
    private const string Prompt = "[A]71)+52)-03)*24)+9?";
    private readonly TinyModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_token_carries_the_figures_of_a_full_forward_pass(bool cpu)
    {
        PolicyRef policy = _model.Version(4);
        await using IRolloutEngine engine = Engine(cpu);
        RecordingObserver drawn = await Draw(engine, policy, slots: 3, temperature: 0.7);

        using DecoderWeights weights = DecoderWeights.Load(policy.File, _model.Config);
        using var decoder = new PlainDecoder(weights);
        for (uint slot = 0; slot < 3; slot++)
        {
            List<SampledToken> trace = drawn.Trace(slot);
            int[] ids = [.. drawn.Prompt, .. trace.Select(token => token.Id)];
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor logits = decoder.Forward(torch.tensor(ids, torch.int64).unsqueeze(0))[0].detach().contiguous();
            for (int i = 0; i < trace.Count; i++)
            {
                float[] row = logits[drawn.Prompt.Count + i - 1].data<float>().ToArray();
                TokenMeasure expected = TokenEntropy.Measure(row, trace[i].Id, 0.7);
                Assert.Equal(expected.LogProbability, trace[i].LogProb, 1e-4);
                Assert.Equal(expected.Entropy, trace[i].Entropy, 1e-4);
                Assert.Equal(TokenEntropy.TopFive(row, trace[i].Id, 0.7), trace[i].TopFiveEntropy, 1e-4);
                string argMax = _model.Tokenizer.TextOf(Array.IndexOf(row, row.Max()));
                Assert.Equal(argMax.Contains("\n\n", StringComparison.Ordinal), trace[i].ArgMaxBreaks);
                Assert.Equal(_model.Tokenizer.TextOf(trace[i].Id), trace[i].Text);
                Assert.Equal(4, trace[i].PolicyVersion);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_trace_ends_with_its_end_token_or_at_its_limit(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        RecordingObserver drawn = await Draw(engine, _model.Version(0), slots: 40, temperature: 1.5, limit: 30);

        Assert.Equal(40, drawn.Endings.Count);
        Assert.Contains(TraceEnd.Finished, drawn.Endings.Values);
        Assert.Contains(TraceEnd.Truncated, drawn.Endings.Values);
        foreach ((uint slot, TraceEnd ending) in drawn.Endings)
        {
            List<SampledToken> trace = drawn.Trace(slot);
            Assert.DoesNotContain(trace.SkipLast(1), token => token.Id == 1);
            Assert.Equal(ending == TraceEnd.Finished, trace[^1].Id == 1);
            Assert.True(ending == TraceEnd.Finished ? trace.Count <= 30 : trace.Count == 30);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_context_limits_a_trace_too(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        RecordingObserver drawn = await Draw(engine, _model.Version(0, scale: 0), slots: 8, temperature: 1, limit: 10_000);

        Assert.Contains(TraceEnd.Truncated, drawn.Endings.Values);
        Assert.Equal(_model.Config.ContextLength - drawn.Prompt.Count, drawn.Endings.Keys.Max(slot => drawn.Trace(slot).Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Steps_are_reported_as_they_end_and_only_then(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        RecordingObserver drawn = await Draw(engine, _model.Version(0, scale: 0), slots: 20, temperature: 1, limit: 60);

        Assert.Contains(drawn.Reports.Values, reports => reports.Count > 1);
        foreach (List<IReadOnlyList<SampledToken>> reports in drawn.Reports.Values)
        {
            foreach (IReadOnlyList<SampledToken> report in reports.SkipLast(1))
            {
                Assert.Equal("\n\n", report[^1].Text);
            }

            Assert.All(reports, report => Assert.NotEmpty(report));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_seed_redraws_the_same_traces_and_another_seed_others(bool cpu)
    {
        PolicyRef policy = _model.Version(0);
        await using IRolloutEngine engine = Engine(cpu);

        RecordingObserver first = await Draw(engine, policy, slots: 6, temperature: 1);
        RecordingObserver again = await Draw(engine, policy, slots: 6, temperature: 1);
        RecordingObserver other = await Draw(engine, policy, slots: 6, temperature: 1, seed: 99);

        for (uint slot = 0; slot < 6; slot++)
        {
            Assert.Equal(Ids(first, slot), Ids(again, slot));
        }

        Assert.NotEqual(
            Enumerable.Range(0, 6).SelectMany(slot => Ids(first, (uint)slot)), Enumerable.Range(0, 6).SelectMany(slot => Ids(other, (uint)slot)));
        Assert.NotEqual(Ids(first, 0), Ids(first, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_prefix_is_continued_as_if_it_had_just_been_drawn(bool cpu)
    {
        PolicyRef policy = _model.Version(0);
        await using IRolloutEngine engine = Engine(cpu);
        RecordingObserver whole = await Draw(engine, policy, slots: 1, temperature: 1);
        List<SampledToken> trace = whole.Trace(0);

        RecordingObserver rest = await Draw(engine, policy, [new RolloutSlot(0, trace[..5])], temperature: 1);

        Assert.Equal(Ids(whole, 0).Skip(5), Ids(rest, 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_whole_prefix_only_ends(bool cpu)
    {
        PolicyRef policy = _model.Version(0);
        await using IRolloutEngine engine = Engine(cpu);
        List<SampledToken> trace = (await Draw(engine, policy, slots: 1, temperature: 1, limit: 12)).Trace(0);

        RecordingObserver rest = await Draw(engine, policy, [new RolloutSlot(0, trace)], temperature: 1, limit: 12);

        Assert.Empty(rest.Trace(0));
        Assert.Equal(trace[^1].Id == 1 ? TraceEnd.Finished : TraceEnd.Truncated, rest.Endings[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Greedy_traces_take_the_most_probable_token(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        RecordingObserver drawn = await Draw(engine, _model.Version(0), slots: 2, temperature: 0);

        Assert.Equal(Ids(drawn, 0), Ids(drawn, 1));
        // What is recorded is the untruncated distribution at temperature 1.
        RecordingObserver recorded = await Draw(engine, _model.Version(0), [new RolloutSlot(0, [])], temperature: 1, topK: 1);
        Assert.Equal(drawn.Trace(0), recorded.Trace(0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task More_slots_than_fit_are_drawn_in_turn(bool cpu)
    {
        PolicyRef policy = _model.Version(0);
        await using IRolloutEngine narrow = Engine(cpu, capacity: 4);
        await using IRolloutEngine wide = Engine(cpu, capacity: 64);
        RecordingObserver[] inTurn = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Draw(narrow, policy, slots: 3, temperature: 1, prompt: (uint)i)));
        RecordingObserver[] together = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Draw(wide, policy, slots: 3, temperature: 1, prompt: (uint)i)));

        for (int i = 0; i < 5; i++)
        {
            for (uint slot = 0; slot < 3; slot++)
            {
                Assert.Equal(Ids(together[i], slot), Ids(inTurn[i], slot));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Versions_decode_side_by_side_each_with_its_own_weights(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        PolicyRef[] versions = [.. Enumerable.Range(0, 6).Select(version => _model.Version(version))];
        RecordingObserver[] alone = new RecordingObserver[6];
        for (int i = 0; i < 6; i++)
        {
            alone[i] = await Draw(engine, versions[i], slots: 2, temperature: 1);
        }

        RecordingObserver[] mixed = await Task.WhenAll(versions.Select(version => Draw(engine, version, slots: 2, temperature: 1)));

        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(Ids(alone[i], 1), Ids(mixed[i], 1));
            Assert.All(mixed[i].Trace(1), token => Assert.Equal(i, token.PolicyVersion));
        }

        Assert.NotEqual(Ids(alone[0], 1), Ids(alone[1], 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_that_is_no_longer_wanted_ends_at_a_token_boundary(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        using var unwanted = new CancellationTokenSource();
        var observer = new RecordingObserver(2)
        {
            GoOn = (_, _) =>
            {
                unwanted.Cancel();
                return true;
            },
        };
        await engine.SubmitAsync(
            Request(_model.Version(0, scale: 0), [new RolloutSlot(0, []), new RolloutSlot(1, [])], observer, 1, unwanted.Token), TestContext.Current.CancellationToken);
        await observer.Done;

        Assert.Equal(2, observer.Endings.Count);
        Assert.Contains(TraceEnd.Cancelled, observer.Endings.Values);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_observer_that_says_no_ends_its_slot_alone(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        var observer = new RecordingObserver(20) { GoOn = (slot, _) => slot % 2 == 1 };
        RolloutSlot[] slots = [.. Enumerable.Range(0, 20).Select(slot => new RolloutSlot((uint)slot, []))];
        await engine.SubmitAsync(Request(_model.Version(0, scale: 0), slots, observer, 1, CancellationToken.None), TestContext.Current.CancellationToken);
        await observer.Done;

        Assert.Contains(observer.Endings, end => end.Value == TraceEnd.Cancelled);
        Assert.All(observer.Endings.Where(end => end.Value == TraceEnd.Cancelled), end => Assert.Equal(0u, end.Key % 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_is_not_the_published_one_fails_its_request_and_the_next_is_served(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        PolicyRef good = _model.Version(0);

        RecordingObserver forged = await Draw(engine, good with { Sha256 = new string('0', 64) }, slots: 2, temperature: 1);
        RecordingObserver missing = await Draw(engine, good with { File = good.File + ".gone" }, slots: 2, temperature: 1);
        RecordingObserver served = await Draw(engine, good, slots: 2, temperature: 1);

        Assert.Contains("SHA-256", forged.Failure, StringComparison.Ordinal);
        Assert.NotNull(missing.Failure);
        Assert.Null(served.Failure);
        Assert.Equal(2, served.Endings.Count);
    }

    [Theory]
    [InlineData("[A]7 what", false)]
    [InlineData("", false)]
    [InlineData("", true)]
    public async Task A_prompt_that_cannot_be_read_fails_its_request(string prompt, bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        var observer = new RecordingObserver(1);
        await engine.SubmitAsync(
            Request(_model.Version(0), [new RolloutSlot(0, [])], observer, 1, CancellationToken.None) with { Prompt = prompt }, TestContext.Current.CancellationToken);
        await observer.Done;

        Assert.NotNull(observer.Failure);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Weights_that_are_not_finite_fail_their_request(bool cpu)
    {
        await using IRolloutEngine engine = Engine(cpu);
        RecordingObserver drawn = await Draw(engine, _model.Version(0, scale: double.NaN), slots: 2, temperature: 1);

        Assert.Contains("not finite", drawn.Failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stopped_engine_has_ended_every_slot_and_takes_no_more(bool cpu)
    {
        IRolloutEngine engine = Engine(cpu, capacity: 4);
        PolicyRef policy = _model.Version(0, scale: 0);
        RecordingObserver[] observers = [.. Enumerable.Range(0, 6).Select(_ => new RecordingObserver(2))];
        foreach (RecordingObserver observer in observers)
        {
            await engine.SubmitAsync(
                Request(policy, [new RolloutSlot(0, []), new RolloutSlot(1, [])], observer, 1, CancellationToken.None), TestContext.Current.CancellationToken);
        }

        await engine.DisposeAsync();

        Assert.All(observers, observer => Assert.Equal(2, observer.Endings.Count));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await engine.SubmitAsync(
            Request(policy, [new RolloutSlot(0, [])], new RecordingObserver(1), 1, CancellationToken.None), TestContext.Current.CancellationToken));
    }

    private static IEnumerable<int> Ids(RecordingObserver observer, uint slot) => observer.Trace(slot).Select(token => token.Id);

    private IRolloutEngine Engine(bool cpu = false, int capacity = 64)
    {
        var options = new RolloutEngineOptions { Threads = 1, Capacity = capacity };
        var clock = new EngineClock(TimeProvider.System);
        return cpu
            ? new CpuRolloutEngine(_model.Config, _model.Tokenizer, options, clock)
            : new TorchRolloutEngine(_model.Config, _model.Tokenizer, options, clock);
    }

    private static Task<RecordingObserver> Draw(
        IRolloutEngine engine, PolicyRef policy, int slots, double temperature, int limit = 40, ulong seed = 7, uint prompt = 0) =>
        Draw(engine, policy, [.. Enumerable.Range(0, slots).Select(slot => new RolloutSlot((uint)slot, []))], temperature, limit, seed, prompt);

    private static async Task<RecordingObserver> Draw(
        IRolloutEngine engine, PolicyRef policy, IReadOnlyList<RolloutSlot> slots, double temperature, int limit = 40, ulong seed = 7, uint prompt = 0, int topK = 0)
    {
        var observer = new RecordingObserver(slots.Count);
        RolloutRequest request = Request(policy, slots, observer, temperature, CancellationToken.None, limit) with { Seed = seed, PromptIndex = prompt };
        await engine.SubmitAsync(request with { Sampling = request.Sampling with { TopK = topK } }, TestContext.Current.CancellationToken);
        await observer.Done;
        return observer;
    }

    private static RolloutRequest Request(
        PolicyRef policy, IReadOnlyList<RolloutSlot> slots, IRolloutObserver observer, double temperature, CancellationToken cancellation, int limit = 40) =>
        new(Prompt, 0, 0, 7, policy, new SamplingOptions { Temperature = temperature, MaxNewTokens = limit }, slots, observer, cancellation);
}
