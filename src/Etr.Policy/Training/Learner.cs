using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>The model, its optimiser and one step of both. Everything here is native and runs on the learner thread.</summary>
internal sealed class Learner : IDisposable
{
    private readonly DecoderWeights _weights;
    private readonly Qwen2Decoder _policy;
    private readonly DecoderWeights? _referenceWeights;
    private readonly Qwen2Decoder? _reference;
    private readonly PolicyFile _policyFile;
    private readonly TrainingOptions _options;
    private readonly StepLoss _loss;
    private readonly AdamW _optimiser;
    private readonly Gradients _gradients;
    private readonly torch.Device _device;
    private int _step;

    private Learner(DecoderWeights weights, PolicyFile policyFile, TrainingOptions options, double temperature, torch.Device device)
    {
        _weights = weights;
        _policyFile = policyFile;
        _options = options;
        _device = device;
        _policy = new Qwen2Decoder(weights);
        if (options.KlCoefficient > 0.0)
        {
            _referenceWeights = weights.Clone();
            _reference = new Qwen2Decoder(_referenceWeights);
        }

        weights.RequireGradients();
        torch.Tensor[] parameters = [.. weights.Named.Select(weight => weight.Value)];
        _gradients = new Gradients(parameters);
        _optimiser = new AdamW(parameters, _gradients.Tensors, options.Beta1, options.Beta2, options.WeightDecay);
        _loss = new StepLoss(options, temperature);
    }

    public static Learner Open(string modelDirectory, TrainingOptions options, double temperature, torch.Device device)
    {
        ModelDescription model = ModelFiles.Describe(modelDirectory);
        DecoderWeights weights = DecoderWeights.Load(model.File, model.Config, device);
        return new Learner(weights, PolicyFile.Like(model.File, weights), options, temperature, device);
    }

    /// <summary>One update; <see cref="TrainingStep.Duration"/> is left to the caller.</summary>
    public TrainingStep Step(TrainingBatch batch, CancellationToken cancellationToken)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        StepPlan plan = StepPlan.Of(batch, _options, _weights.Config.VocabularySize, _weights.Config.ContextLength);
        StepFigures figures = new(_device);
        _gradients.Clear();
        foreach (IReadOnlyList<StepTrace> traces in plan.MicroBatches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Accumulate(traces, figures);
        }

        StepSummary summary = figures.Read();
        double norm = _gradients.Norm();
        double learningRate = LearningRate(batch.Step);
        bool applied = double.IsFinite(summary.Loss) && double.IsFinite(norm);
        if (applied)
        {
            _optimiser.Update(learningRate, Scale(norm));
            _step = batch.Step;
        }

        return new TrainingStep
        {
            Step = batch.Step,
            Applied = applied,
            Loss = summary.Loss,
            GradientNorm = norm,
            LearningRate = learningRate,
            Kl = summary.Kl,
            Entropy = summary.Entropy,
            Ratio = summary.Ratio,
            ClippedLow = summary.ClippedLow,
            ClippedHigh = summary.ClippedHigh,
            SamplerGap = summary.Gap,
            SamplerGapMaximum = summary.GapMaximum,
            Tokens = plan.InputTokens,
            Duration = TimeSpan.Zero,
        };
    }

    public SavedPolicy Save(string checkpoints, string policies, CancellationToken cancellationToken)
    {
        FileRef checkpoint = TrainerCheckpoint.Save(checkpoints, _weights, _optimiser, _step);
        FileRef policy = _policyFile.Save(policies, _weights);
        return new SavedPolicy(checkpoint, policy, SafetensorsParts.Of(policy.Path, cancellationToken));
    }

    public void Load(FileRef checkpoint) => _step = TrainerCheckpoint.Load(checkpoint, _weights, _optimiser);

    public void Dispose()
    {
        _policy.Dispose();
        _reference?.Dispose();
        _referenceWeights?.Dispose();
        _optimiser.Dispose();
        _gradients.Dispose();
        _weights.Dispose();
    }

    private void Accumulate(IReadOnlyList<StepTrace> traces, StepFigures figures)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MicroBatch batch = MicroBatch.Of(traces, torch.ScalarType.Float32, _device);
        _loss.Of(_policy, _reference, batch, figures).backward();
    }

    private double LearningRate(int step) => _options.WarmupSteps == 0
        ? _options.LearningRate
        : _options.LearningRate * Math.Min(1.0, (double)step / _options.WarmupSteps);

    // As torch's clip_grad_norm_: the small number keeps a norm of exactly the bound below it.
    private double Scale(double norm) => _options.GradientClip > 0.0 ? Math.Min(1.0, _options.GradientClip / (norm + 1e-6)) : 1.0;
}
