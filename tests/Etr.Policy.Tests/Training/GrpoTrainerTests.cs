using System.Security.Cryptography;
using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Training;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class GrpoTrainerTests : IDisposable
{
    private readonly TinyPolicy _policy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _policy.Dispose();

    [Fact]
    public async Task Log_probs_of_the_learner_are_those_of_a_sampler_with_the_same_weights()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        TrainingBatch batch = TinyPolicy.Batch(1);
        TrainingBatch exact = batch with
        {
            Groups = [.. batch.Groups.Select(group => group with
            {
                Traces = [.. group.Traces.Select(trace => trace with { LogProbs = TinyPolicy.LogProbs([.. group.PromptTokens], [.. trace.Tokens]) })],
            })],
        };
        TrainingStep step = await trainer.StepAsync(exact, Cancellation);
        Assert.InRange(step.SamplerGapMaximum, 0.0, 2e-5);
        Assert.Equal(1.0, step.Ratio, 1e-5);
        Assert.Equal(0.0, step.ClippedLow + step.ClippedHigh);
        // On-policy, ρ = 1, so the loss is −ΣA over tokens.
        double tokens = exact.Groups.Sum(group => group.Traces.Sum(trace => trace.Tokens.Count));
        double loss = -exact.Groups.Sum(group => group.Traces.Sum(trace => trace.Advantage * trace.Tokens.Count)) / tokens;
        Assert.Equal(loss, step.Loss, 1e-5);
    }

    [Fact]
    public async Task Favoured_traces_become_likelier()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(new TrainingOptions { LearningRate = 1e-3 });
        TrainingBatch batch = TinyPolicy.Batch(1, (group, slot, trace) => trace with { Advantage = 1.0 });
        double first = (await trainer.StepAsync(batch, Cancellation)).Ratio;
        TrainingStep last = await trainer.StepAsync(batch with { Step = 2 }, Cancellation);
        Assert.True(last.Ratio > first, $"{first} then {last.Ratio}");
        Assert.True(last.Applied);
    }

    [Fact]
    public async Task Result_does_not_depend_on_the_order_in_which_groups_arrive()
    {
        TrainingBatch batch = TinyPolicy.Batch(1);
        TrainingBatch shuffled = batch with { Groups = [batch.Groups[2], batch.Groups[0], batch.Groups[1]] };
        Assert.Equal(await CheckpointAfterAsync(batch), await CheckpointAfterAsync(shuffled));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task A_loss_that_is_not_finite_leaves_every_bit_as_it_was(double advantage)
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
        SavedPolicy before = await SaveAsync(trainer, "before");
        TrainingStep broken = await trainer.StepAsync(
            TinyPolicy.Batch(2, (group, slot, trace) => group == 1 && slot == 2 ? trace with { Advantage = advantage } : trace), Cancellation);
        Assert.False(broken.Applied);
        Assert.Equal(before.Checkpoint.Sha256, (await SaveAsync(trainer, "after")).Checkpoint.Sha256);
        Assert.True((await trainer.StepAsync(TinyPolicy.Batch(2), Cancellation)).Applied);
    }

    [Fact]
    public async Task Training_goes_on_from_a_checkpoint_bit_for_bit()
    {
        SavedPolicy straight;
        SavedPolicy half;
        await using (GrpoTrainer trainer = await _policy.OpenAsync())
        {
            await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
            await trainer.StepAsync(TinyPolicy.Batch(2), Cancellation);
            half = await SaveAsync(trainer, "half");
            await trainer.StepAsync(TinyPolicy.Batch(3), Cancellation);
            await trainer.StepAsync(TinyPolicy.Batch(4), Cancellation);
            straight = await SaveAsync(trainer, "straight");
        }

        await using GrpoTrainer resumed = await _policy.OpenAsync();
        await resumed.LoadAsync(half.Checkpoint, Cancellation);
        await resumed.StepAsync(TinyPolicy.Batch(3), Cancellation);
        await resumed.StepAsync(TinyPolicy.Batch(4), Cancellation);
        SavedPolicy continued = await SaveAsync(resumed, "continued");
        Assert.Equal(straight.Checkpoint.Sha256, continued.Checkpoint.Sha256);
        Assert.Equal(straight.Policy.Sha256, continued.Policy.Sha256);
        Assert.NotEqual(half.Policy.Sha256, straight.Policy.Sha256);
    }

    [Fact]
    public async Task Saved_files_are_named_by_their_content_and_saving_again_changes_nothing()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
        SavedPolicy saved = await SaveAsync(trainer, "saved");
        AssertSame(saved, await SaveAsync(trainer, "saved"));
        foreach (FileRef file in new[] { saved.Checkpoint, saved.Policy })
        {
            byte[] content = await File.ReadAllBytesAsync(file.Path, Cancellation);
            Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(content)));
            Assert.Equal($"{file.Sha256}.safetensors", Path.GetFileName(file.Path));
            Assert.Equal([file.Path], Directory.GetFiles(Path.GetDirectoryName(file.Path)!));
        }
    }

    [Fact]
    public async Task A_saved_policy_lists_the_hash_of_its_header_and_of_every_tensor()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        SavedPolicy saved = await SaveAsync(trainer, "saved");
        byte[] content = await File.ReadAllBytesAsync(saved.Policy.Path, Cancellation);
        using DecoderWeights weights = TinyPolicy.RandomWeights();
        Assert.Equal(["", .. weights.Named.Select(weight => weight.Name)], saved.Parts.Select(part => part.Name));
        Assert.Equal(content.Length, saved.Parts.Sum(part => part.Bytes));
        foreach ((string name, torch.Tensor value) in weights.Named)
        {
            using torch.Tensor near = value.detach();
            string expected = Convert.ToHexStringLower(SHA256.HashData(near.bytes));
            Assert.Equal(expected, saved.Parts.Single(part => part.Name == name).Sha256);
        }
    }

    [Fact]
    public async Task Policy_file_of_an_untrained_trainer_holds_the_starting_weights()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        SavedPolicy saved = await SaveAsync(trainer, "saved");
        using DecoderWeights start = TinyPolicy.RandomWeights();
        using DecoderWeights written = DecoderWeights.Load(saved.Policy.Path, TinyPolicy.Config);
        foreach ((string name, torch.Tensor value) in start.Named)
            Assert.Equal(value.data<float>().ToArray(), written[name].data<float>().ToArray());
    }

    [Fact]
    public async Task Policy_file_keeps_the_element_type_of_the_starting_model_and_the_checkpoint_full_precision()
    {
        using TinyPolicy narrow = new(torch.ScalarType.BFloat16);
        await using GrpoTrainer trainer = await narrow.OpenAsync();
        await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
        SavedPolicy saved = await trainer.SaveAsync(narrow.Sub("checkpoints"), narrow.Sub("policies"), Cancellation);
        using SafetensorsFile policy = SafetensorsFile.Open(saved.Policy.Path);
        using SafetensorsFile checkpoint = SafetensorsFile.Open(saved.Checkpoint.Path);
        Assert.All(policy.Entries, entry => Assert.Equal(torch.ScalarType.BFloat16, entry.Type));
        Assert.All(checkpoint.Entries, entry => Assert.Equal(torch.ScalarType.Float32, entry.Type));
        Assert.Equal("1", checkpoint.Metadata["step"]);
    }

    [Fact]
    public async Task A_checkpoint_with_another_content_than_named_is_refused_and_changes_nothing()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        SavedPolicy start = await SaveAsync(trainer, "start");
        await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
        SavedPolicy later = await SaveAsync(trainer, "later");
        FileRef swapped = start.Checkpoint with { Sha256 = later.Checkpoint.Sha256 };
        CheckpointException refused = await Assert.ThrowsAsync<CheckpointException>(() => trainer.LoadAsync(swapped, Cancellation));
        Assert.Contains(later.Checkpoint.Sha256, refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<CheckpointException>(
            () => trainer.LoadAsync(later.Checkpoint with { Path = _policy.Sub("none") }, Cancellation));
        // A policy file has the right hash and none of the optimiser.
        await Assert.ThrowsAsync<CheckpointException>(() => trainer.LoadAsync(later.Policy, Cancellation));
        AssertSame(later, await SaveAsync(trainer, "later"));
    }

    [Fact]
    public async Task Kl_is_measured_against_the_starting_policy_also_after_a_resume()
    {
        TrainingOptions options = new() { LearningRate = 1e-2, KlCoefficient = 0.1 };
        SavedPolicy saved;
        await using (GrpoTrainer trainer = await _policy.OpenAsync(options))
        {
            Assert.Equal(0.0, (await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation)).Kl, 1e-6);
            saved = await SaveAsync(trainer, "saved");
        }

        await using GrpoTrainer resumed = await _policy.OpenAsync(options);
        await resumed.LoadAsync(saved.Checkpoint, Cancellation);
        Assert.True((await resumed.StepAsync(TinyPolicy.Batch(2), Cancellation)).Kl > 1e-4);
    }

    [Fact]
    public async Task Entropy_bonus_raises_the_entropy()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(new TrainingOptions { LearningRate = 1e-2, EntropyCoefficient = 1.0 });
        TrainingBatch batch = TinyPolicy.Batch(1, (group, slot, trace) => trace with { Advantage = 0.0 });
        double before = (await trainer.StepAsync(batch, Cancellation)).Entropy;
        double after = (await trainer.StepAsync(batch with { Step = 2 }, Cancellation)).Entropy;
        Assert.InRange(before, 0.1, Math.Log(TinyPolicy.Config.VocabularySize));
        Assert.True(after > before, $"{before} then {after}");
    }

    [Fact]
    public async Task Learning_rate_rises_to_its_peak_over_the_warm_up()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(new TrainingOptions { LearningRate = 0.004, WarmupSteps = 4 });
        double[] rates = new double[6];
        for (int i = 0; i < rates.Length; i++)
            rates[i] = (await trainer.StepAsync(TinyPolicy.Batch(i + 1), Cancellation)).LearningRate;
        Assert.Equal([0.001, 0.002, 0.003, 0.004, 0.004, 0.004], rates);
    }

    [Fact]
    public async Task A_share_of_the_learning_rate_makes_the_update_that_the_smaller_rate_makes()
    {
        await using GrpoTrainer whole = await _policy.OpenAsync(new TrainingOptions { LearningRate = 0.002 });
        await using GrpoTrainer half = await _policy.OpenAsync(new TrainingOptions { LearningRate = 0.004 });
        TrainingBatch batch = TinyPolicy.Batch(1);

        TrainingStep expected = await whole.StepAsync(batch, Cancellation);
        TrainingStep found = await half.StepAsync(batch with { RateFactor = 0.5 }, Cancellation);

        Assert.Equal((0.002, 0.002), (expected.LearningRate, found.LearningRate));
        Assert.Equal(
            (await whole.SaveAsync(_policy.Sub("checkpoints"), _policy.Sub("policies"), Cancellation)).Policy.Sha256,
            (await half.SaveAsync(_policy.Sub("checkpoints"), _policy.Sub("policies"), Cancellation)).Policy.Sha256);
        await AssertRefusedAsync(half, batch with { RateFactor = double.NaN }, "from 0 to 1");
    }

    [Fact]
    public async Task A_step_says_how_much_it_did_and_marks_the_learner_busy()
    {
        EngineClock clock = new(TimeProvider.System);
        await using GrpoTrainer trainer = await _policy.OpenAsync(clock: clock);
        TrainingBatch batch = TinyPolicy.Batch(1);
        TrainingStep step = await trainer.StepAsync(batch, Cancellation);
        // The last token of a trace is only a target.
        Assert.Equal(batch.Groups.Sum(group => group.Traces.Sum(trace => group.PromptTokens.Count + trace.Tokens.Count - 1)), step.Tokens);
        Assert.True(step.Duration > TimeSpan.Zero);
        Assert.True(clock.Busy(EngineRole.Learner) >= step.Duration);
        Assert.Equal(TimeSpan.Zero, clock.Busy(EngineRole.Sampler));
    }

    [Fact]
    public async Task A_step_of_masked_traces_alone_pulls_at_nothing()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        SavedPolicy before = await SaveAsync(trainer, "saved");
        TrainingStep step = await trainer.StepAsync(
            TinyPolicy.Batch(1, (group, slot, trace) => trace with { Masked = true }), Cancellation);
        Assert.Equal((0.0, 0.0, 0L), (step.Loss, step.GradientNorm, step.Tokens));
        Assert.Equal(before.Policy, (await SaveAsync(trainer, "saved")).Policy);
    }

    [Fact]
    public async Task A_batch_that_does_not_fit_is_refused_with_its_trace_named()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        TrainingBatch good = TinyPolicy.Batch(1);
        await AssertRefusedAsync(trainer, new TrainingBatch(1, []), "no trace");
        await AssertRefusedAsync(trainer, good with { Groups = [good.Groups[0], good.Groups[0]] }, "group 10 is in the batch twice");
        await AssertRefusedAsync(trainer, With(trace => trace with { Tokens = [.. trace.Tokens.Skip(1), 13] }), "token 13 is outside");
        await AssertRefusedAsync(trainer, With(trace => trace with { Tokens = [.. trace.Tokens.Skip(1), -1] }), "token -1 is outside");
        await AssertRefusedAsync(trainer, With(trace => trace with { LogProbs = [] }), "group 11, trace 2: 0 log-probabilities");
        await AssertRefusedAsync(trainer, With(trace => trace with { Tokens = [], LogProbs = [] }), "the trace is empty");
        await AssertRefusedAsync(trainer, With(trace => trace with { Tokens = new int[60], LogProbs = new float[60] }), "exceed the context of 64");

        TrainingBatch With(Func<TrainingTrace, TrainingTrace> change) =>
            TinyPolicy.Batch(1, (group, slot, trace) => group == 1 && slot == 2 ? change(trace) : trace);
    }

    [Fact]
    public async Task A_cancelled_step_leaves_every_bit_as_it_was()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        SavedPolicy before = await SaveAsync(trainer, "saved");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trainer.StepAsync(TinyPolicy.Batch(1), new CancellationToken(true)));
        AssertSame(before, await SaveAsync(trainer, "saved"));
    }

    [Fact]
    public async Task After_disposal_every_call_says_so()
    {
        GrpoTrainer trainer = await _policy.OpenAsync();
        await trainer.DisposeAsync();
        await trainer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => trainer.StepAsync(TinyPolicy.Batch(1), Cancellation));
    }

    [Fact]
    public async Task A_folder_without_a_model_is_refused_by_name()
    {
        File.Delete(Path.Combine(_policy.Folder, ModelFiles.Weights));
        CheckpointException refused = await Assert.ThrowsAsync<CheckpointException>(() => _policy.OpenAsync());
        Assert.Contains(ModelFiles.Weights, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void No_tensor_outlives_its_step(bool checkpointing, int miniBatches)
    {
        TrainingOptions options = new() { KlCoefficient = 0.1, Checkpointing = checkpointing, MiniBatches = miniBatches, Correction = "token-tis" };
        // On this thread, whose count of live tensors no other test changes.
        using Learner learner = Learner.Open(
            _policy.Folder, options, TinyPolicy.Temperature, TorchRuntime.Start("cpu", 1));
        long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        learner.Step(TinyPolicy.Batch(1), Cancellation);
        TrainingBatch next = TinyPolicy.Batch(2);
        long before = Live();
        for (int i = 0; i < 5; i++)
            learner.Step(next, Cancellation);
        Assert.Equal(before, Live());
    }

    private static async Task AssertRefusedAsync(GrpoTrainer trainer, TrainingBatch batch, string expected)
    {
        ArgumentException refused = await Assert.ThrowsAnyAsync<ArgumentException>(() => trainer.StepAsync(batch, Cancellation));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    private async Task<string> CheckpointAfterAsync(TrainingBatch batch)
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync();
        await trainer.StepAsync(batch, Cancellation);
        return (await SaveAsync(trainer, "saved")).Checkpoint.Sha256;
    }

    private static void AssertSame(SavedPolicy expected, SavedPolicy found)
    {
        Assert.Equal((expected.Checkpoint, expected.Policy), (found.Checkpoint, found.Policy));
        Assert.Equal(expected.Parts, found.Parts);
    }

    private Task<SavedPolicy> SaveAsync(GrpoTrainer trainer, string folder) =>
        trainer.SaveAsync(_policy.Sub($"{folder}-checkpoints"), _policy.Sub($"{folder}-policies"), Cancellation);
}
