using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;
using Etr.Policy.Runtime;
using Etr.Policy.Tests.Rollouts;
using Etr.Policy.Training;

namespace Etr.Policy.Tests.Training;

public sealed class SamplerAndLearnerTests : IDisposable
{
    private const int Slots = 24;
    private const double Temperature = 0.7;
    private const string Favoured = "8";

    private readonly TinyModel _model = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-both-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _model.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sampler_and_a_learner_agree_on_every_policy_version_and_raise_what_is_rewarded(bool cpu)
    {
        PolicyRef policy = _model.Version(0, scale: 3);
        _model.Config.Write(Path.Combine(_folder.FullName, ModelFiles.Config));
        File.Copy(policy.File, Path.Combine(_folder.FullName, ModelFiles.Weights));
        EngineClock clock = new(TimeProvider.System);
        RolloutEngineOptions options = new() { Threads = 1 };
        await using IRolloutEngine sampler = cpu
            ? new CpuRolloutEngine(_model.Config, _model.Tokenizer, options, clock)
            : new TorchRolloutEngine(_model.Config, _model.Tokenizer, options, clock);
        await using GrpoTrainer learner = await GrpoTrainer.OpenAsync(
            _folder.FullName, new TrainingOptions { LearningRate = 1e-2 }, Temperature, TorchRuntime.Start("cpu", 1), clock, TimeProvider.System, Cancellation);

        List<double> rewards = [];
        for (int step = 1; step <= 6; step++)
        {
            RecordingObserver drawn = await DrawAsync(sampler, policy, (uint)step);
            TrainingStep made = await learner.StepAsync(Batch(step, drawn, rewards), Cancellation);
            Assert.True(made.Applied);
            // What the sampler recorded token by token is what the learner finds over whole sequences.
            Assert.InRange(made.SamplerGapMaximum, 0.0, 1e-4);
            Assert.Equal(1.0, made.Ratio, 1e-4);
            SavedPolicy saved = await learner.SaveAsync(
                Path.Combine(_folder.FullName, "checkpoints"), Path.Combine(_folder.FullName, "policies"), Cancellation);
            policy = new PolicyRef(step, saved.Policy.Path, saved.Policy.Sha256);
        }

        Assert.True(rewards[^1] > 2.0 * rewards[0], string.Join(", ", rewards));
    }

    private static async Task<RecordingObserver> DrawAsync(IRolloutEngine sampler, PolicyRef policy, uint round)
    {
        RecordingObserver drawn = new(Slots);
        SamplingOptions sampling = new() { Temperature = Temperature, MaxNewTokens = 16 };
        RolloutSlot[] slots = [.. Enumerable.Range(0, Slots).Select(slot => new RolloutSlot((uint)slot, []))];
        await sampler.SubmitAsync(
            new RolloutRequest("[A]71)+52)-03)*24)+9?", 0, round, 5, policy, sampling, slots, drawn, CancellationToken.None), Cancellation);
        await drawn.Done;
        Assert.Null(drawn.Failure);
        return drawn;
    }

    // The reward is the share of one digit among a trace's tokens; the advantage its distance from the group's mean.
    private static TrainingBatch Batch(int step, RecordingObserver drawn, List<double> rewards)
    {
        List<SampledToken>[] traces = [.. Enumerable.Range(0, Slots).Select(slot => drawn.Trace((uint)slot))];
        double[] shares = [.. traces.Select(trace => trace.Count(token => token.Text == Favoured) / (double)trace.Count)];
        double mean = shares.Average();
        rewards.Add(mean);
        TrainingTrace[] learnt = [.. traces.Select((trace, i) => new TrainingTrace(
            [.. trace.Select(token => token.Id)], [.. trace.Select(token => token.LogProb)], 4.0 * (shares[i] - mean), Masked: false))];
        return new TrainingBatch(step, [new TrainingGroup(step, drawn.Prompt, learnt)]);
    }
}
