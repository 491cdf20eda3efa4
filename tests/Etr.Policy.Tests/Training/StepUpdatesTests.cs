using Etr.Core.Training;
using Etr.Policy.Runtime;
using Etr.Policy.Training;

namespace Etr.Policy.Tests.Training;

public sealed class StepUpdatesTests : IDisposable
{
    private readonly TinyPolicy _policy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _policy.Dispose();

    [Theory]
    [InlineData(1, new[] { 3 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(3, new[] { 1, 1, 1 })]
    [InlineData(9, new[] { 1, 1, 1 })]
    public void Updates_are_cut_between_groups_in_the_order_of_ordinals(int miniBatches, int[] groups)
    {
        TrainingBatch batch = TinyPolicy.Batch(1);
        TrainingBatch shuffled = batch with { Groups = [batch.Groups[2], batch.Groups[0], batch.Groups[1]] };
        StepPlan plan = StepPlan.Of(shuffled, new TrainingOptions { Aggregation = "token-mean", MiniBatches = miniBatches }, 13, 64);
        long[][] ordinals = [.. plan.Updates.Select(update => update.SelectMany(rows => rows).Select(row => row.Ordinal).Distinct().Order().ToArray())];
        Assert.Equal(groups, ordinals.Select(update => update.Length));
        Assert.Equal([10, 11, 12], ordinals.SelectMany(update => update));
        // Each update is a mean over its own tokens.
        Assert.All(plan.Updates, update => Assert.Equal(1.0, update.SelectMany(rows => rows).Sum(row => row.Weight * row.Trace.Tokens.Count), 12));
    }

    [Fact]
    public async Task A_step_makes_an_update_for_each_mini_batch_and_epoch_whatever_the_order_of_arrival()
    {
        TrainingOptions options = new() { LearningRate = 1e-3, MiniBatches = 3, Epochs = 2, Correction = "token-tis" };
        TrainingBatch batch = TinyPolicy.Batch(1);
        (TrainingStep step, SavedPolicy saved) = await StepAsync(options, batch);
        (_, SavedPolicy shuffled) = await StepAsync(options, batch with { Groups = [batch.Groups[1], batch.Groups[2], batch.Groups[0]] });
        (_, SavedPolicy single) = await StepAsync(options with { MiniBatches = 1, Epochs = 1 }, batch);
        Assert.Equal(6, step.Updates);
        Assert.Equal(saved.Checkpoint.Sha256, shuffled.Checkpoint.Sha256);
        Assert.NotEqual(saved.Policy.Sha256, single.Policy.Sha256);
    }

    [Theory]
    [InlineData("grpo")]
    [InlineData("cispo")]
    public async Task Updates_of_a_step_are_those_of_so_many_steps(string loss)
    {
        // Under 'none' nothing is remembered from the step's start: one step of three updates is three steps of one.
        TrainingOptions options = new() { Loss = loss, LearningRate = 1e-3 };
        TrainingBatch batch = TinyPolicy.Batch(1);
        (_, SavedPolicy together) = await StepAsync(options with { MiniBatches = 3 }, batch);
        await using GrpoTrainer trainer = await _policy.OpenAsync(options);
        foreach (TrainingGroup group in batch.Groups)
            await trainer.StepAsync(new TrainingBatch(1, [group]), Cancellation);
        Assert.Equal(together.Policy.Sha256, (await SaveAsync(trainer)).Policy.Sha256);
    }

    [Fact]
    public async Task An_update_that_is_not_finite_takes_back_those_before_it()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(new TrainingOptions { LearningRate = 1e-3, MiniBatches = 3 });
        await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
        SavedPolicy before = await SaveAsync(trainer);
        TrainingStep broken = await trainer.StepAsync(
            TinyPolicy.Batch(2, (group, slot, trace) => group == 2 && slot == 0 ? trace with { Advantage = double.NaN } : trace), Cancellation);
        Assert.Equal((false, 0), (broken.Applied, broken.Updates));
        Assert.Equal(before.Checkpoint, (await SaveAsync(trainer)).Checkpoint);
    }

    [Fact]
    public void A_cancelled_step_of_several_updates_leaves_every_bit_as_it_was()
    {
        using CancellationTokenSource source = new();
        using Learner learner = Learner.Open(_policy.Folder, new TrainingOptions { LearningRate = 1e-3, MiniBatches = 3, MicroBatchTokens = 16 }, TinyPolicy.Temperature, TorchRuntime.Start("cpu", 1));
        SavedPolicy before = learner.Save(_policy.Sub("a"), _policy.Sub("b"), Cancellation);
        // The last group's tokens are read when its update begins: by then two updates are made.
        TrainingBatch batch = TinyPolicy.Batch(1);
        TrainingGroup last = batch.Groups[2];
        TrainingGroup trap = last with { Traces = [.. last.Traces.Select(trace => trace with { LogProbs = new Trap(trace.LogProbs, source) })] };
        Assert.ThrowsAny<OperationCanceledException>(() => learner.Step(batch with { Groups = [batch.Groups[0], batch.Groups[1], trap] }, source.Token));
        Assert.Equal(before.Checkpoint, learner.Save(_policy.Sub("a"), _policy.Sub("b"), Cancellation).Checkpoint);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public async Task Under_a_correction_ratios_are_to_the_learner_at_the_start_of_the_step(int miniBatches, int epochs)
    {
        // Nothing moves at a rate of 0; the sampler's log-probabilities are off by up to 0.3 nats.
        TrainingOptions options = new() { LearningRate = 0.0, MiniBatches = miniBatches, Epochs = epochs };
        TrainingBatch batch = TinyPolicy.Batch(1);
        (TrainingStep none, _) = await StepAsync(options, batch);
        (TrainingStep token, _) = await StepAsync(options with { Correction = "token-tis" }, batch);
        Assert.Equal(1.0, token.Ratio, 1e-6);
        Assert.Equal(0.0, token.ClippedLow + token.ClippedHigh);
        Assert.True(Math.Abs(none.Ratio - 1.0) > 1e-3 && none.ClippedLow + none.ClippedHigh > 0.0);
        Assert.InRange(token.SamplerGap, 0.1, 0.2);
        Assert.InRange(token.SamplerGapMaximum, 0.25, 0.3001);
        Assert.Equal((1.0, 0.0), (none.CorrectionWeight, none.CorrectedTokens));
        Assert.True(Math.Abs(token.CorrectionWeight - 1.0) is > 1e-4 and < 0.1);
    }

    [Fact]
    public async Task Figures_count_what_the_correction_cut()
    {
        // A sampler that thought the first token of slot 0 three times less likely, and all of slot 1 a little.
        TrainingBatch batch = TinyPolicy.Batch(1, (group, slot, trace) => trace with
        {
            LogProbs = [.. TinyPolicy.LogProbs(TinyPolicy.PromptOf(1, group), [.. trace.Tokens]).Select((value, i) => value
                - (slot == 0 && i == 0 ? MathF.Log(3.1f) : 0f) - (slot == 1 ? 0.5f / trace.Tokens.Count : 0f))],
        });
        double tokens = batch.Groups.Sum(group => group.Traces.Sum(trace => trace.Tokens.Count));
        TrainingOptions options = new() { LearningRate = 0.0 };
        (TrainingStep token, _) = await StepAsync(options with { Correction = "token-tis" }, batch);
        (TrainingStep trace, _) = await StepAsync(options with { Correction = "sequence-mis" }, batch);
        Assert.Equal(3.0 / tokens, token.CorrectedTokens, 1e-9);
        Assert.Equal(0.25, token.CorrectedTraces, 1e-9);
        Assert.Equal(batch.Groups.Sum(group => group.Traces[0].Tokens.Count) / tokens, trace.CorrectedTokens, 1e-9);
        Assert.Equal(0.25, trace.CorrectedTraces, 1e-9);
        double mean = batch.Groups.Sum(group => (group.Traces[1].Tokens.Count * Math.Exp(0.5)) + group.Traces.Skip(2).Sum(rest => rest.Tokens.Count)) / tokens;
        Assert.Equal(mean, trace.CorrectionWeight, 1e-4);
    }

    [Fact]
    public async Task A_steered_entropy_coefficient_goes_on_from_a_checkpoint_bit_for_bit()
    {
        TrainingOptions options = new() { LearningRate = 1e-3, EntropyTarget = 3.0, EntropyRate = 0.1 / 3, EntropyMaximum = 1.0 };
        SavedPolicy half;
        SavedPolicy straight;
        double[] used = new double[4];
        await using (GrpoTrainer trainer = await _policy.OpenAsync(options))
        {
            for (int step = 1; step <= 2; step++)
                used[step - 1] = (await trainer.StepAsync(TinyPolicy.Batch(step), Cancellation)).EntropyCoefficient;
            half = await SaveAsync(trainer);
            for (int step = 3; step <= 4; step++)
                used[step - 1] = (await trainer.StepAsync(TinyPolicy.Batch(step), Cancellation)).EntropyCoefficient;
            straight = await SaveAsync(trainer);
        }

        await using GrpoTrainer resumed = await _policy.OpenAsync(options);
        await resumed.LoadAsync(half.Checkpoint, Cancellation);
        Assert.Equal(used[2], (await resumed.StepAsync(TinyPolicy.Batch(3), Cancellation)).EntropyCoefficient);
        await resumed.StepAsync(TinyPolicy.Batch(4), Cancellation);
        Assert.Equal(straight.Checkpoint.Sha256, (await SaveAsync(resumed)).Checkpoint.Sha256);
        // 13 words have at most ln 13 = 2.56 nats: always below the target.
        Assert.Equal([0.0, 0.1 / 3, 2 * (0.1 / 3), (0.1 / 3) + (2 * (0.1 / 3))], used);
    }

    [Theory]
    [InlineData("k1")]
    [InlineData("k2")]
    public async Task Kl_is_estimated_as_configured(string estimator)
    {
        TrainingOptions options = new() { LearningRate = 1e-2, KlCoefficient = 0.1 };
        double found = await KlAfterAsync(options with { Kl = estimator });
        Assert.NotEqual(await KlAfterAsync(options), found);
        Assert.True(estimator == "k1" || found > 0.0);
    }

    private async Task<double> KlAfterAsync(TrainingOptions options)
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(options);
        await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
        return (await trainer.StepAsync(TinyPolicy.Batch(2), Cancellation)).Kl;
    }

    private async Task<(TrainingStep Step, SavedPolicy Saved)> StepAsync(TrainingOptions options, TrainingBatch batch)
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(options);
        TrainingStep step = await trainer.StepAsync(batch, Cancellation);
        return (step, await SaveAsync(trainer));
    }

    private Task<SavedPolicy> SaveAsync(GrpoTrainer trainer) => trainer.SaveAsync(_policy.Sub("checkpoints"), _policy.Sub("policies"), Cancellation);

    /// <summary>Cancels when its first element is read.</summary>
    private sealed class Trap(IReadOnlyList<float> values, CancellationTokenSource source) : IReadOnlyList<float>
    {
        public int Count => values.Count;

        public float this[int index]
        {
            get
            {
                source.Cancel();
                return values[index];
            }
        }

        public IEnumerator<float> GetEnumerator() => values.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
