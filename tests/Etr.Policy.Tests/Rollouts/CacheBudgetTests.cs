using Etr.Core.Rollouts;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Tests.Memory;
using TorchSharp;

namespace Etr.Policy.Tests.Rollouts;

public sealed class CacheBudgetTests : IDisposable
{
    private const string Prompt = "[A]71)+52)-03)*24)+9?";
    private readonly TinyModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(4 * 96)]
    [InlineData(96)]
    public async Task Within_a_token_budget_slots_give_way_and_every_trace_is_the_one_it_would_have_been(long tokens)
    {
        PolicyRef policy = _model.Version(0, scale: 2);
        RecordingObserver free = await DrawAsync(new CacheBudget(0, 64), policy);
        var bounded = new CacheBudget(tokens, 64);

        RecordingObserver drawn = await DrawAsync(bounded, policy);

        AssertSame(free, drawn);
        // Whoever takes more than there is fails, so the bound was kept; and it was a bound.
        Assert.True(bounded.GaveWay > 0);
        Assert.Equal((0, 0), (bounded.Halvings, bounded.Used));
    }

    [Fact]
    public async Task A_trace_that_alone_outgrows_the_budget_fails_and_is_told_the_way_out()
    {
        var budget = new CacheBudget(64, 64);
        RecordingObserver drawn = await DrawAsync(budget, _model.Version(0, scale: 0));

        Assert.Contains("does not fit into the 64", drawn.Failure, StringComparison.Ordinal);
        Assert.Contains("Etr:Policy:CacheTokens", drawn.Failure, StringComparison.Ordinal);
        Assert.Equal(0, budget.Used);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(40)]
    public async Task When_memory_runs_out_the_budget_is_halved_and_every_trace_is_drawn_on_as_it_would_have_been(int call)
    {
        PolicyRef policy = _model.Version(0, scale: 2);
        RecordingObserver free = await DrawAsync(new CacheBudget(0, 64), policy);
        var budget = new CacheBudget(0, 64);
        var fault = new Fault(at => at == call);

        RecordingObserver drawn = await DrawAsync(budget, policy, fault);

        AssertSame(free, drawn);
        Assert.Equal(1, fault.Thrown);
        Assert.Equal(1, budget.Halvings);
        Assert.InRange(budget.Slots, 1, 8);
        Assert.True(budget.IsBounded);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task Where_nothing_is_left_to_halve_the_request_fails_and_is_told_the_way_out()
    {
        var budget = new CacheBudget(0, 64);
        RecordingObserver drawn = await DrawAsync(budget, _model.Version(0), new Fault(_ => true));

        Assert.Contains("nothing left to halve", drawn.Failure, StringComparison.Ordinal);
        Assert.Contains("Etr:Policy:Slots", drawn.Failure, StringComparison.Ordinal);
        Assert.Equal((1, 512), (budget.Slots, budget.PassTokens));
    }

    [Fact]
    public async Task Another_failure_is_no_reason_to_halve()
    {
        var budget = new CacheBudget(0, 64);
        RecordingObserver drawn = await DrawAsync(budget, _model.Version(0), new Fault(at => at == 3, "mat1 and mat2 shapes cannot be multiplied"));

        Assert.Equal("mat1 and mat2 shapes cannot be multiplied", drawn.Failure);
        Assert.Equal((0, 0), (budget.Halvings, budget.Used));
    }

    [Fact]
    public void Slots_of_a_group_share_the_full_blocks_of_their_prompt()
    {
        _ = Etr.Policy.Runtime.TorchRuntime.Start("cpu", 1);
        var budget = new CacheBudget(0, 8);
        using var blocks = new KeyValueBlocks(_model.Config, torch.CPU, budget);
        using var cache = new KeyValueCache(blocks);

        (_, IReadOnlyList<int> from, IReadOnlyList<int> to) = cache.Add([70], [0, 0, 0, 0, 0]);

        // 70 tokens: two full blocks once, and six tokens for each slot to go on from.
        Assert.Equal(2 + 5, budget.Used);
        Assert.Equal(4, to.Distinct().Count());
        Assert.All(from, block => Assert.Equal(cache[0][2], block));
        Assert.All(Enumerable.Range(0, 5), row => Assert.Equal(cache[0].Take(2), cache[row].Take(2)));
        while (cache.Rows > 0)
            cache.Remove(0);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void Attention_in_groups_of_like_length_is_attention_over_all_at_once()
    {
        using var weights = DecoderWeights.Initialise(_model.Config, 5);
        int[] lengths = [3, 60, 33, 64, 1, 17];
        float[] whole = Logits(RowGroup.MostGathered);
        float[] grouped = Logits(64);

        Assert.Equal(whole.Length, grouped.Length);
        Assert.All(whole.Zip(grouped), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));

        float[] Logits(int most)
        {
            using var decoder = new CachedDecoder(weights) { MostGathered = most };
            using var blocks = new KeyValueBlocks(_model.Config, torch.CPU, new CacheBudget(0, 8));
            using var cache = new KeyValueCache(blocks);
            using DisposeScope scope = torch.NewDisposeScope();
            using var generator = new torch.Generator(4);
            torch.Tensor ids = torch.randint(0, _model.Config.VocabularySize, [lengths.Length, 64], generator: generator);
            (IReadOnlyList<IReadOnlyList<int>> written, _, _) = cache.Add(lengths, [0, 1, 2, 3, 4, 5]);
            decoder.Prefill(ids, lengths, (layer, keyValues) =>
            {
                for (int row = 0; row < lengths.Length; row++)
                    blocks.Write(layer, written[row], keyValues[row].narrow(1, 0, lengths[row]));
            });
            cache.Reserve(lengths);
            return decoder.Step([1, 2, 3, 4, 5, 6], lengths, cache).data<float>().ToArray();
        }
    }

    private async Task<RecordingObserver> DrawAsync(CacheBudget budget, PolicyRef policy, Fault? fault = null)
    {
        _ = Etr.Policy.Runtime.TorchRuntime.Start("cpu", 1);
        var options = new RolloutEngineOptions { Threads = 1, Capacity = budget.Slots };
        using var policies = new PolicyLoader(_model.Config, torch.CPU, torch.ScalarType.Float32);
        using var blocks = new KeyValueBlocks(_model.Config, torch.CPU, budget);
        await using var batching = new ContinuousBatching(
            "test", new PolicyVocabulary(_model.Config, _model.Tokenizer), options, new EngineClock(TimeProvider.System), Load, budget, blocks.Reset);
        RolloutSlot[] slots = [.. Enumerable.Range(0, 16).Select(slot => new RolloutSlot((uint)slot, []))];
        var observer = new RecordingObserver(slots.Length);
        await batching.SubmitAsync(
            new RolloutRequest(Prompt, 0, 0, 1, policy, new SamplingOptions { Temperature = 1 }, slots, observer, CancellationToken.None), TestContext.Current.CancellationToken);
        await observer.Done;
        return observer;

        ILaneModel Load(PolicyRef version)
        {
            ILaneModel model = new TorchLaneModel(policies.Load(version), blocks, budget, torch.CPU);
            return fault is null ? model : new FaultyModel(model, fault);
        }
    }

    private static void AssertSame(RecordingObserver expected, RecordingObserver actual)
    {
        Assert.Null(actual.Failure);
        Assert.Equal(expected.Endings.OrderBy(ending => ending.Key), actual.Endings.OrderBy(ending => ending.Key));
        foreach (uint slot in expected.Endings.Keys)
        {
            Assert.Equal(expected.Trace(slot).Select(token => token.Id), actual.Trace(slot).Select(token => token.Id));
            Assert.All(expected.Trace(slot).Zip(actual.Trace(slot)), pair =>
            {
                Assert.Equal(pair.First.LogProb, pair.Second.LogProb, 1e-4f);
                Assert.Equal(pair.First.Entropy, pair.Second.Entropy, 1e-4f);
            });
        }
    }

    private sealed class Fault(Func<int, bool> when, string message = "CUDA out of memory. Tried to allocate 20.00 MiB")
    {
        private int _calls;

        public int Thrown { get; private set; }

        public void Call()
        {
            if (!when(_calls++))
                return;
            Thrown++;
            throw new TorchFailure(message);
        }
    }

    // Fails after its model has done all it does, so that whatever is half made must be undone.
    private sealed class FaultyModel(ILaneModel model, Fault fault) : ILaneModel
    {
        public void Enter(IReadOnlyList<int[]> sequences, IReadOnlyList<int> sequenceOf, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
        {
            model.Enter(sequences, sequenceOf, requests, drawn);
            fault.Call();
        }

        public void Step(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
        {
            model.Step(ids, positions, requests, drawn);
            fault.Call();
        }

        public void Leave(int row) => model.Leave(row);

        public void Forget() => model.Forget();

        public void Dispose() => model.Dispose();
    }
}
