using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;
using Etr.Policy.Runtime;
using Etr.Policy.Tests.Rollouts;
using Etr.Policy.Tests.Training;
using Etr.Policy.Training;
using Etr.Policy.Training.Passes;
using TorchSharp;

namespace Etr.Policy.Tests.Adapters;

public sealed class AdapterTrainingTests : IDisposable
{
    private static readonly LoraOptions Lora = new() { Rank = 3, Alpha = 4 };

    private readonly TinyPolicy _policy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _policy.Dispose();

    [Theory]
    [InlineData(ModelArchitecture.Qwen2, false, null, 1 << 24)]
    [InlineData(ModelArchitecture.Qwen2, true, 17UL, 40)]
    [InlineData(ModelArchitecture.Qwen3, true, null, 40)]
    [InlineData(ModelArchitecture.Llama, false, 23UL, 1 << 24)]
    [InlineData(ModelArchitecture.Mistral, true, null, 1 << 24)]
    public void Gradients_of_adapters_agree_with_finite_differences(ModelArchitecture architecture, bool checkpointing, ulong? dropped, long mostLogits)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DecoderWeights single = TinyPolicy.RandomWeights(TinyPolicy.Of(architecture) with { TiedHead = architecture != ModelArchitecture.Llama });
        using DecoderWeights weights = single.Clone(torch.ScalarType.Float64);
        using AdapterWeights drawn = RandomAdapters.Create(single.Config, RandomAdapters.All);
        using AdapterWeights adapters = drawn.Clone(torch.ScalarType.Float64);
        using var decoder = new TrainingDecoder(weights, TinyPolicy.Temperature, adapters, 0.25);
        adapters.RequireGradients();
        using Gradients gradients = new([.. adapters.Named.Select(weight => (torch.Tensor)weight.Value)]);
        MicroBatch batch = Batch();
        torch.Tensor pull = torch.linspace(-1, 1, batch.Targets.shape[0], torch.float64);
        var use = new AdapterUse(true, dropped);

        TrainingPass pass = new(decoder, batch, entropyPulls: true, checkpointing, use, mostLogits);
        pass.Backward(pass.Scores.LogProbs.mul(pull).sum() + pass.Scores.Entropy.sum() * 0.1);

        double LossAt(torch.Tensor weight, long index, double offset)
        {
            using IDisposable noGradient = torch.no_grad();
            using DisposeScope inner = torch.NewDisposeScope();
            torch.Tensor element = weight.view(-1).narrow(0, index, 1);
            element.add_(offset);
            TokenScores scores = TrainingPass.Read(decoder, batch, use);
            element.sub_(offset);
            return (scores.LogProbs.mul(pull).sum() + scores.Entropy.sum() * 0.1).item<double>();
        }

        for (int i = 0; i < adapters.Named.Count; i++)
        {
            (string name, torch.Tensor value) = adapters.Named[i];
            foreach (long index in new[] { 0, value.numel() / 2 })
            {
                const double h = 1e-5;
                double slope = (LossAt(value, index, h) - LossAt(value, index, -h)) / (2 * h);
                double exact = gradients.Tensors[i].view(-1)[index].item<double>();
                Assert.True(Math.Abs(slope - exact) <= 1e-5 * Math.Max(Math.Abs(exact), 1e-3), $"{name}[{index}]: {exact:R}, finite difference {slope:R}");
            }
        }

        Assert.Contains(gradients.Tensors, gradient => gradient.abs().max().item<double>() > 1e-3);
    }

    [Fact]
    public void With_adapters_on_it_scores_as_the_merged_model_and_with_them_off_as_the_model_alone()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DecoderWeights single = TinyPolicy.RandomWeights(TinyPolicy.Of(ModelArchitecture.Qwen3));
        using DecoderWeights frozen = single.Clone(torch.ScalarType.Float64);
        using DecoderWeights merged = single.Clone(torch.ScalarType.Float64);
        using DecoderWeights alone = single.Clone(torch.ScalarType.Float64);
        using AdapterWeights drawn = RandomAdapters.Create(single.Config, RandomAdapters.All);
        using AdapterWeights adapters = drawn.Clone(torch.ScalarType.Float64);
        adapters.MergeInto(merged);
        using var adapted = new TrainingDecoder(frozen, TinyPolicy.Temperature, adapters, 0.5);
        using var whole = new TrainingDecoder(merged, TinyPolicy.Temperature, gradients: false);
        using var plain = new TrainingDecoder(alone, TinyPolicy.Temperature, gradients: false);
        MicroBatch batch = Batch();

        AssertClose(TrainingPass.Read(whole, batch).LogProbs, TrainingPass.Read(adapted, batch).LogProbs);
        AssertClose(TrainingPass.Read(plain, batch).LogProbs, TrainingPass.Read(adapted, batch, AdapterUse.Off).LogProbs);
        torch.Tensor dropped = TrainingPass.Read(adapted, batch, new AdapterUse(true, 3)).LogProbs;
        AssertClose(dropped, TrainingPass.Read(adapted, batch, new AdapterUse(true, 3)).LogProbs);
        Assert.True(dropped.sub(TrainingPass.Read(adapted, batch, new AdapterUse(true, 4)).LogProbs).abs().max().item<double>() > 1e-3);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.2)]
    public async Task A_run_goes_on_from_a_checkpoint_of_adapters_alone_bit_for_bit(double dropout)
    {
        TrainingOptions options = new() { LearningRate = 1e-2, KlCoefficient = 0.1, MiniBatches = 2, Correction = "token-tis", Lora = Lora with { Dropout = dropout } };
        SavedPolicy half;
        SavedPolicy straight;
        await using (GrpoTrainer trainer = await _policy.OpenAsync(options))
        {
            await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation);
            half = await SaveAsync(trainer, "half");
            await trainer.StepAsync(TinyPolicy.Batch(2), Cancellation);
            straight = await SaveAsync(trainer, "straight");
        }

        await using GrpoTrainer resumed = await _policy.OpenAsync(options);
        await resumed.LoadAsync(half.Checkpoint, Cancellation);
        TrainingStep step = await resumed.StepAsync(TinyPolicy.Batch(2), Cancellation);
        SavedPolicy continued = await SaveAsync(resumed, "continued");

        Assert.Equal(straight.Checkpoint.Sha256, continued.Checkpoint.Sha256);
        Assert.Equal(straight.Policy.Sha256, continued.Policy.Sha256);
        Assert.True(step.Kl > 1e-5);
        using SafetensorsFile checkpoint = SafetensorsFile.Open(half.Checkpoint.Path);
        using SafetensorsFile policy = SafetensorsFile.Open(half.Policy.Path);
        Assert.Equal(2 * 7 * 2, policy.Entries.Count);
        Assert.Equal(3 * policy.Entries.Count, checkpoint.Entries.Count);
        Assert.All(checkpoint.Entries, entry => Assert.Contains(".lora_", entry.Name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Kl_is_to_the_model_without_adapters_and_zero_before_the_first_update()
    {
        await using GrpoTrainer trainer = await _policy.OpenAsync(new TrainingOptions { LearningRate = 1e-2, KlCoefficient = 0.1, Lora = Lora });
        Assert.Equal(0.0, (await trainer.StepAsync(TinyPolicy.Batch(1), Cancellation)).Kl, 1e-9);
        Assert.True((await trainer.StepAsync(TinyPolicy.Batch(2), Cancellation)).Kl > 1e-5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_tensor_outlives_its_step(bool checkpointing)
    {
        TrainingOptions options = new() { KlCoefficient = 0.1, Checkpointing = checkpointing, MiniBatches = 2, Lora = Lora with { Dropout = 0.1 } };
        using Learner learner = Learner.Open(_policy.Folder, options, TinyPolicy.Temperature, TorchRuntime.Start("cpu", 1));
        static long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        learner.Step(TinyPolicy.Batch(1), Cancellation);
        TrainingBatch next = TinyPolicy.Batch(2);
        long before = Live();
        for (int i = 0; i < 3; i++)
            learner.Step(next, Cancellation);
        Assert.Equal(before, Live());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sampler_and_a_learner_agree_on_every_version_of_adapters(bool cpu)
    {
        using TinyModel model = new();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("etr-adapters-");
        PolicyRef policy = model.Version(0, scale: 3);
        model.Config.Write(Path.Combine(folder.FullName, ModelFiles.Config));
        File.Copy(policy.File, Path.Combine(folder.FullName, ModelFiles.Weights));
        EngineClock clock = new(TimeProvider.System);
        RolloutEngineOptions options = new() { Threads = 1 };
        await using IRolloutEngine sampler = cpu
            ? new CpuRolloutEngine(model.Config, model.Tokenizer, options, clock)
            : new TorchRolloutEngine(model.Config, model.Tokenizer, options, clock);
        await using GrpoTrainer learner = await GrpoTrainer.OpenAsync(
            folder.FullName, new TrainingOptions { LearningRate = 2e-2, Lora = Lora }, 0.7, TorchRuntime.Start("cpu", 1), clock, TimeProvider.System, Cancellation);
        for (int step = 1; step <= 4; step++)
        {
            RecordingObserver drawn = await DrawAsync(sampler, policy, (uint)step);
            TrainingStep made = await learner.StepAsync(BatchOf(step, drawn), Cancellation);
            Assert.InRange(made.SamplerGapMaximum, 0.0, 1e-4);
            Assert.True(made.GradientNorm > 0);
            SavedPolicy saved = await learner.SaveAsync(Path.Combine(folder.FullName, "checkpoints"), folder.FullName, Cancellation);
            policy = new PolicyRef(step, saved.Policy.Path, saved.Policy.Sha256);
        }

        folder.Delete(recursive: true);
    }

    private static async Task<RecordingObserver> DrawAsync(IRolloutEngine sampler, PolicyRef policy, uint round)
    {
        RecordingObserver drawn = new(8);
        RolloutSlot[] slots = [.. Enumerable.Range(0, 8).Select(slot => new RolloutSlot((uint)slot, []))];
        await sampler.SubmitAsync(
            new RolloutRequest("[A]71)+52)-03)*24)+9?", 0, round, 5, policy, new SamplingOptions { Temperature = 0.7, MaxNewTokens = 12 }, slots, drawn, CancellationToken.None), Cancellation);
        await drawn.Done;
        Assert.Null(drawn.Failure);
        return drawn;
    }

    private static TrainingBatch BatchOf(int step, RecordingObserver drawn) => new(step, [new TrainingGroup(step, drawn.Prompt,
        [.. Enumerable.Range(0, 8).Select(slot => drawn.Trace((uint)slot)).Select((trace, i) => new TrainingTrace(
            [.. trace.Select(token => token.Id)], [.. trace.Select(token => token.LogProb)], i % 2 == 0 ? 1 : -1, Masked: false))])]);

    private static MicroBatch Batch()
    {
        StepPlan plan = StepPlan.Of(TinyPolicy.Batch(1), new TrainingOptions { Aggregation = "token-mean", MicroBatchTokens = 1 << 20 }, 13, 64);
        return MicroBatch.Of(plan.MicroBatches.Single(), torch.ScalarType.Float64, torch.CPU);
    }

    private static void AssertClose(torch.Tensor expected, torch.Tensor actual) =>
        Assert.InRange(expected.sub(actual).abs().max().item<double>(), 0, 1e-10);

    private Task<SavedPolicy> SaveAsync(GrpoTrainer trainer, string folder) =>
        trainer.SaveAsync(_policy.Sub($"{folder}-checkpoints"), _policy.Sub($"{folder}-policies"), Cancellation);
}
