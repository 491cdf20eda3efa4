using Etr.Core.Gaps;
using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Training;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class StepLogProbsTests : IDisposable
{
    // Single precision, sums in another order: the logits of the tiny policy lie within 10 nats.
    private const double Tolerance = 2e-5;

    private static readonly LoraOptions Lora = new() { Rank = 3, Alpha = 4 };

    private readonly TinyPolicy _policy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<TrainingOptions> SingleUpdates => new(
        new TrainingOptions { LearningRate = 1e-2 },
        new TrainingOptions { LearningRate = 1e-2, MicroBatchTokens = 16 },
        new TrainingOptions { LearningRate = 1e-2, Loss = "gspo", MicroBatchTokens = 64, Checkpointing = true },
        new TrainingOptions { LearningRate = 1e-2, MicroBatchTokens = 64, Correction = "token-tis", KlCoefficient = 0.1, EntropyCoefficient = 0.01 },
        new TrainingOptions { LearningRate = 1e-2, MicroBatchTokens = 64, Lora = Lora },
        new TrainingOptions { LearningRate = 1e-2, KlCoefficient = 0.1, Lora = Lora });

    public void Dispose() => _policy.Dispose();

    [Theory]
    [MemberData(nameof(SingleUpdates))]
    public async Task They_are_those_of_a_plain_forward_pass_with_the_weights_that_the_step_began_with(TrainingOptions options)
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(options);
        TrainingBatch first = TinyPolicy.Batch(1);
        TrainingBatch second = TinyPolicy.Batch(2);
        AssertAre(first, (await trainer.StepAsync(first, Cancellation)).LearnerTraces, 0, null, options.Lora);
        SavedPolicy moved = await trainer.SaveAsync(_policy.Sub("checkpoints"), _policy.Sub("policies"), Cancellation);
        IReadOnlyList<LearnerTrace> traces = (await trainer.StepAsync(second, Cancellation)).LearnerTraces;
        AssertAre(second, traces, 0, moved.Policy.Path, options.Lora);
        // The update has moved the policy by more than the tolerance, so the second step's weights can be told from the first's.
        Assert.True(Differences(second, traces, null, options.Lora).Max() > 100 * Tolerance);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_a_correction_a_later_mini_batch_is_seen_after_the_updates_before_it(bool adapters)
    {
        TrainingOptions options = new() { LearningRate = 1e-2, MicroBatchTokens = 32, Lora = adapters ? Lora : new LoraOptions() };
        TrainingBatch batch = TinyPolicy.Batch(1);
        await using GrpoTrainer together = await _policy.OpenAsync(options with { MiniBatches = 3, Epochs = 2 });
        IReadOnlyList<LearnerTrace> traces = (await together.StepAsync(batch, Cancellation)).LearnerTraces;
        Assert.Equal(Enumerable.Range(0, 3).SelectMany(update => Enumerable.Repeat(update, 4)), traces.Select(trace => trace.UpdatesBefore));

        // The same updates one by one, each saved: the weights that a mini-batch was seen with.
        await using GrpoTrainer apart = await _policy.OpenAsync(options);
        string? weights = null;
        foreach ((TrainingGroup group, int update) in batch.Groups.Select((group, update) => (group, update)))
        {
            AssertAre(batch with { Groups = [group] }, [.. traces.Where(trace => trace.Ordinal == group.Ordinal)], update, weights, options.Lora);
            await apart.StepAsync(new TrainingBatch(1, [group]), Cancellation);
            weights = (await apart.SaveAsync(_policy.Sub("checkpoints"), _policy.Sub($"policy-{update}"), Cancellation)).Policy.Path;
        }

        Assert.True(Differences(batch, [.. traces.Where(trace => trace.UpdatesBefore == 2)], null, options.Lora).Max() > 100 * Tolerance);
    }

    [Theory]
    [InlineData(1, 3, "none")]
    [InlineData(3, 1, "token-tis")]
    [InlineData(3, 2, "sequence-mis")]
    public async Task With_one_mini_batch_or_a_correction_all_are_of_the_weights_at_the_start(int miniBatches, int epochs, string correction)
    {
        TrainingOptions options = new() { LearningRate = 1e-2, MicroBatchTokens = 32, MiniBatches = miniBatches, Epochs = epochs, Correction = correction };
        TrainingBatch batch = TinyPolicy.Batch(1);
        await using GrpoTrainer trainer = await _policy.OpenAsync(options);
        AssertAre(batch, (await trainer.StepAsync(batch, Cancellation)).LearnerTraces, 0, null, options.Lora);
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("token-tis", false)]
    [InlineData("none", true)]
    public async Task The_mean_of_a_steps_gaps_is_the_steps_gap(string correction, bool adapters)
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(
            new TrainingOptions { LearningRate = 1e-3, MicroBatchTokens = 32, Correction = correction, Lora = adapters ? Lora : new LoraOptions() });
        TrainingBatch batch = TinyPolicy.Batch(1);
        TrainingStep step = await trainer.StepAsync(batch, Cancellation);
        double[] exact = [.. step.LearnerTraces.SelectMany(trace => trace.LogProbs.Zip(Find(batch, trace).Trace.LogProbs, (learner, sampler) => Math.Abs((double)sampler - learner)))];
        Assert.Equal(step.SamplerGap, exact.Average(), 1e-6);
        Assert.Equal(step.SamplerGapMaximum, exact.Max(), 1e-6);

        StepGaps read = StepGapsCodec.Read(StepGapsCodec.Write(StepGaps.Of(batch, step)));
        double[] kept = [.. read.Traces.SelectMany(trace => trace.Values).Select(gap => Math.Abs((double)gap))];
        Assert.Equal(batch.Groups.Sum(group => group.Traces.Sum(trace => trace.Tokens.Count)), kept.Length);
        // Eleven significant bits.
        Assert.Equal(step.SamplerGap, kept.Average(), step.SamplerGap / 2048);
        Assert.InRange(step.SamplerGap, 0.1, 0.2);
    }

    [Fact]
    public async Task What_does_not_pass_through_the_model_has_none()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        TrainingBatch batch = TinyPolicy.Batch(1, (group, slot, trace) => trace with
        {
            Masked = group == 0 && slot == 1,
            Advantage = group == 1 && slot == 2 ? 0.0 : trace.Advantage,
        });
        IReadOnlyList<LearnerTrace> traces = (await trainer.StepAsync(batch, Cancellation)).LearnerTraces;
        Assert.Equal(10, traces.Count);
        Assert.DoesNotContain(traces, trace => (trace.Ordinal, trace.Slot) is (10, 1) or (11, 2));
        AssertAre(batch, traces, 0, null, new LoraOptions());

        TrainingBatch masked = TinyPolicy.Batch(2, (_, _, trace) => trace with { Masked = true });
        Assert.Empty((await trainer.StepAsync(masked, Cancellation)).LearnerTraces);
    }

    [Fact]
    public async Task A_step_that_is_taken_back_tells_of_the_tokens_it_came_to()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(new TrainingOptions { LearningRate = 1e-3, MiniBatches = 3 });
        TrainingBatch batch = TinyPolicy.Batch(1, (group, slot, trace) => group == 1 && slot == 0 ? trace with { Advantage = double.NaN } : trace);
        TrainingStep step = await trainer.StepAsync(batch, Cancellation);
        Assert.False(step.Applied);
        Assert.Equal([10L, 11L], step.LearnerTraces.Select(trace => trace.Ordinal).Distinct());
    }

    [Fact]
    public async Task They_change_nothing_that_is_trained_and_can_be_left_out()
    {
        TrainingOptions options = new() { LearningRate = 1e-3, MiniBatches = 2, MicroBatchTokens = 32 };
        (TrainingStep with, string hash) = await StepAsync(options);
        (TrainingStep without, string same) = await StepAsync(options with { KeepLogProbs = false });
        Assert.Equal(hash, same);
        Assert.Equal(12, with.LearnerTraces.Count);
        Assert.Empty(without.LearnerTraces);
    }

    private async Task<(TrainingStep Step, string Checkpoint)> StepAsync(TrainingOptions options)
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(options);
        TrainingStep step = await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
        return (step, (await trainer.SaveAsync(_policy.Sub("checkpoints"), _policy.Sub("policies"), Cancellation)).Checkpoint.Sha256);
    }

    private static void AssertAre(TrainingBatch batch, IReadOnlyList<LearnerTrace> traces, int updatesBefore, string? policyFile, LoraOptions lora)
    {
        Assert.NotEmpty(traces);
        Assert.All(traces, trace => Assert.Equal(updatesBefore, trace.UpdatesBefore));
        Assert.InRange(Differences(batch, traces, policyFile, lora).Max(), 0.0, Tolerance);
    }

    // |kept − plain| of every token: a plain forward pass and a log-softmax in double precision, without the trainer's code.
    private static double[] Differences(TrainingBatch batch, IReadOnlyList<LearnerTrace> traces, string? policyFile, LoraOptions lora)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        using DecoderWeights weights = Weights(policyFile, lora);
        using PlainDecoder decoder = new(weights);
        return [.. traces.SelectMany(kept =>
        {
            (TrainingGroup group, TrainingTrace trace) = Find(batch, kept);
            Assert.Equal(trace.Tokens.Count, kept.LogProbs.Count);
            long[] ids = [.. group.PromptTokens.Concat(trace.Tokens).Select(id => (long)id)];
            return kept.LogProbs.Select((logProb, i) => Math.Abs(logProb - LogProb(decoder, ids[..(group.PromptTokens.Count + i)], trace.Tokens[i])));
        })];
    }

    private static double LogProb(PlainDecoder decoder, long[] seen, int token)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[] logits = decoder.Forward(torch.tensor(seen).unsqueeze(0))[0, seen.Length - 1].data<float>().ToArray();
        double[] scaled = [.. logits.Select(logit => logit / TinyPolicy.Temperature)];
        double highest = scaled.Max();
        return scaled[token] - highest - Math.Log(scaled.Sum(value => Math.Exp(value - highest)));
    }

    private static DecoderWeights Weights(string? policyFile, LoraOptions lora)
    {
        if (policyFile is null)
            return TinyPolicy.RandomWeights();
        if (!lora.IsOn())
            return DecoderWeights.Load(policyFile, TinyPolicy.Config);
        DecoderWeights merged = TinyPolicy.RandomWeights();
        using AdapterWeights adapters = AdapterWeights.Load(policyFile, TinyPolicy.Config, AdapterConfig.Of(lora));
        adapters.MergeInto(merged);
        return merged;
    }

    private static (TrainingGroup Group, TrainingTrace Trace) Find(TrainingBatch batch, LearnerTrace kept)
    {
        TrainingGroup group = batch.Groups.Single(group => group.Ordinal == kept.Ordinal);
        return (group, group.Traces[kept.Slot]);
    }
}
