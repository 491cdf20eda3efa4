using Etr.Core.Rollouts;
using Etr.Policy.Models;
using Etr.Policy.Pretraining;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;

namespace Etr.Policy.Tests.Rollouts.Cpu;

/// <summary>A trace of the CPU engine has the same bits, log-probabilities and entropies included, whatever happens around it.</summary>
public sealed class CpuBitIdentityTests : IDisposable
{
    private const string Prompt = "[A]71)+52)-03)*24)+9?";
    private readonly TinyModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public async Task A_trace_is_the_same_alone_and_among_neighbours_with_any_number_of_threads(int threads, bool quantised)
    {
        PolicyRef policy = _model.Version(0);
        List<SampledToken> alone;
        await using (CpuRolloutEngine single = Engine(1, quantised))
        {
            alone = (await Draw(single, policy, [new RolloutSlot(3, [])])).Trace(3);
        }

        await using CpuRolloutEngine engine = Engine(threads, quantised);
        foreach (int neighbours in (int[])[0, 1, 4, 7, 20])
        {
            RolloutSlot[] slots = [.. Enumerable.Range(0, neighbours + 1).Select(slot => new RolloutSlot((uint)(slot == neighbours ? 3 : slot + 10), []))];
            RecordingObserver drawn = await Draw(engine, policy, slots);
            Assert.Equal(alone, drawn.Trace(3));
        }

        RecordingObserver[] groups = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Draw(engine, policy, [new RolloutSlot(3, [])], prompt: i == 2 ? 0u : 5u + (uint)i)));
        Assert.Equal(alone, groups[2].Trace(3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_trace_goes_on_from_any_cut_as_it_would_have_gone_on(int threads)
    {
        PolicyRef policy = _model.Version(0);
        await using CpuRolloutEngine engine = Engine(threads);
        List<SampledToken> whole = (await Draw(engine, policy, [new RolloutSlot(0, [])])).Trace(0);
        await using CpuRolloutEngine other = Engine(3);
        for (int cut = 0; cut < whole.Count; cut++)
        {
            RecordingObserver rest = await Draw(cut % 2 == 0 ? engine : other, policy, [new RolloutSlot(0, whole[..cut]), new RolloutSlot(9, [])]);
            Assert.Equal(whole[cut..], rest.Trace(0));
        }
    }

    [Fact]
    public async Task The_shipped_policys_traces_are_the_same_with_one_thread_and_with_three()
    {
        string folder = CpuDecoderTests.ShippedModel();
        ModelDescription model = ModelFiles.Describe(folder);
        var policy = new PolicyRef(0, model.File, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(model.File, TestContext.Current.CancellationToken))));
        var traces = new List<List<SampledToken>>();
        foreach (int threads in (int[])[1, 3])
        {
            await using var engine = new CpuRolloutEngine(model.Config, ArithmeticTokenizer.Create(), Options(threads), new EngineClock(TimeProvider.System));
            RecordingObserver drawn = await Draw(engine, policy, [.. Enumerable.Range(0, 40).Select(slot => new RolloutSlot((uint)slot, []))]);
            traces.Add([.. Enumerable.Range(0, 40).SelectMany(slot => drawn.Trace((uint)slot))]);
        }

        Assert.Equal(traces[0], traces[1]);
    }

    private static RolloutEngineOptions Options(int threads) => new() { Threads = threads, Capacity = 64 };

    private static async Task<RecordingObserver> Draw(CpuRolloutEngine engine, PolicyRef policy, RolloutSlot[] slots, uint prompt = 0)
    {
        var observer = new RecordingObserver(slots.Length);
        await engine.SubmitAsync(
            new RolloutRequest(Prompt, prompt, 0, 7, policy, new SamplingOptions { Temperature = 1, MaxNewTokens = 70 }, slots, observer, CancellationToken.None),
            TestContext.Current.CancellationToken);
        await observer.Done;
        Assert.Null(observer.Failure);
        return observer;
    }

    private CpuRolloutEngine Engine(int threads, bool quantised = false) =>
        new(_model.Config, _model.Tokenizer, Options(threads), new EngineClock(TimeProvider.System), quantised);
}
