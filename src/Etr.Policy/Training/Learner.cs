using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Losses;
using Etr.Policy.Training.Passes;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>The model, its optimiser and one step of both. Everything here is native and runs on the learner thread.</summary>
internal sealed class Learner : IDisposable
{
    private readonly DecoderWeights _weights;
    private readonly TrainingDecoder _policy;
    private readonly DecoderWeights? _referenceWeights;
    private readonly TrainingDecoder? _reference;
    private readonly PolicyFile _policyFile;
    private readonly TrainingOptions _options;
    private readonly StepLoss _loss;
    private readonly AdamW _optimiser;
    private readonly Gradients _gradients;
    private readonly Dictionary<string, torch.Tensor> _gradientOf;
    private readonly EntropyController _entropy;
    private readonly torch.Device _device;
    private int _step;

    private Learner(DecoderWeights weights, PolicyFile policyFile, TrainingOptions options, double temperature, torch.Device device)
    {
        _weights = weights;
        _policyFile = policyFile;
        _options = options;
        _device = device;
        _policy = new TrainingDecoder(weights, temperature, gradients: true);
        if (options.KlCoefficient > 0.0)
        {
            _referenceWeights = weights.Clone();
            _reference = new TrainingDecoder(_referenceWeights, temperature, gradients: false);
        }

        weights.RequireGradients();
        torch.Tensor[] parameters = [.. weights.Named.Select(weight => weight.Value)];
        _gradients = new Gradients(parameters);
        _gradientOf = weights.Named.Zip(_gradients.Tensors).ToDictionary(pair => pair.First.Name, pair => pair.Second);
        _optimiser = new AdamW(parameters, _gradients.Tensors, options.Beta1, options.Beta2, options.WeightDecay);
        _loss = new StepLoss(options);
        _entropy = new EntropyController(options);
    }

    public static Learner Open(string modelDirectory, TrainingOptions options, double temperature, torch.Device device)
    {
        ModelDescription model = ModelFiles.Describe(modelDirectory);
        DecoderWeights weights = DecoderWeights.Load(model.File, model.Config, device);
        return new Learner(weights, PolicyFile.Like(model.File, weights), PolicyLosses.Resolve(options), temperature, device);
    }

    /// <summary>One step; <see cref="TrainingStep.Duration"/> is left to the caller.</summary>
    public TrainingStep Step(TrainingBatch batch, CancellationToken cancellationToken)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        StepPlan plan = StepPlan.Of(batch, _options, _weights.Config.VocabularySize, _weights.Config.ContextLength);
        int planned = plan.Updates.Count * _options.Epochs;
        // A single update is not made unless all is well; of several, some may have to be taken back.
        using TrainerSnapshot? before = planned > 1 ? new TrainerSnapshot(_weights, _optimiser) : null;
        double coefficient = _entropy.Coefficient;
        double learningRate = LearningRate(batch.Step) * batch.RateFactor;
        StepFigures figures = new(_device);
        List<double> norms = [];
        bool applied;
        try
        {
            applied = Update(plan, new UpdateRates(learningRate, coefficient), figures, norms, cancellationToken);
        }
        catch
        {
            before?.Restore();
            throw;
        }

        StepSummary summary = figures.Read(norms.Count, _loss.Correction != CorrectionKind.None);
        if (applied)
        {
            _step = batch.Step;
            if (summary.Tokens > 0)
                _entropy.After(summary.Entropy);
        }
        else
        {
            before?.Restore();
        }

        return new TrainingStep
        {
            Step = batch.Step,
            Applied = applied,
            Loss = summary.Loss,
            GradientNorm = norms.Average(),
            LearningRate = learningRate,
            Kl = summary.Kl,
            Entropy = summary.Entropy,
            Ratio = summary.Ratio,
            ClippedLow = summary.ClippedLow,
            ClippedHigh = summary.ClippedHigh,
            SamplerGap = summary.Gap,
            SamplerGapMaximum = summary.GapMaximum,
            CorrectedTokens = summary.CorrectedTokens,
            CorrectedTraces = summary.CorrectedTraces,
            CorrectionWeight = summary.CorrectionWeight,
            EntropyCoefficient = coefficient,
            Updates = applied ? planned : 0,
            Tokens = plan.InputTokens,
            Duration = TimeSpan.Zero,
        };
    }

    public SavedPolicy Save(string checkpoints, string policies, CancellationToken cancellationToken)
    {
        FileRef checkpoint = TrainerCheckpoint.Save(checkpoints, _weights, _optimiser, _step, _entropy.Coefficient);
        FileRef policy = _policyFile.Save(policies, _weights);
        return new SavedPolicy(checkpoint, policy, SafetensorsParts.Of(policy.Path, cancellationToken));
    }

    public void Load(FileRef checkpoint)
    {
        (_step, double coefficient) = TrainerCheckpoint.Load(checkpoint, _weights, _optimiser);
        _entropy.Coefficient = double.IsNaN(coefficient) ? _options.EntropyCoefficient : coefficient;
    }

    public void Dispose()
    {
        _policy.Dispose();
        _reference?.Dispose();
        _referenceWeights?.Dispose();
        _optimiser.Dispose();
        _gradients.Dispose();
        _weights.Dispose();
    }

    // Whether every update was finite and made; stops at the first that is not.
    private bool Update(StepPlan plan, UpdateRates rates, StepFigures figures, List<double> norms, CancellationToken cancellationToken)
    {
        _policy.Refresh();
        torch.Tensor[][]? start = plan.Updates.Count * _options.Epochs > 1 && _loss.Correction != CorrectionKind.None
            ? [.. plan.Updates.Select(microBatches => StartLogProbs(microBatches, cancellationToken))]
            : null;
        for (int epoch = 0; epoch < _options.Epochs; epoch++)
        {
            for (int update = 0; update < plan.Updates.Count; update++)
            {
                _gradients.Clear();
                _policy.Refresh();
                for (int i = 0; i < plan.Updates[update].Count; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Accumulate(plan.Updates[update][i], new StepMoment(rates.Entropy, norms.Count == 0, start?[update][i]), figures);
                }

                _policy.Collect(name => _gradientOf[name]);
                norms.Add(_gradients.Norm());
                if (!figures.IsFinite() || !double.IsFinite(norms[^1]))
                    return false;
                _optimiser.Update(rates.Learning, Scale(norms[^1]));
            }
        }

        return true;
    }

    private torch.Tensor[] StartLogProbs(IReadOnlyList<IReadOnlyList<StepTrace>> microBatches, CancellationToken cancellationToken) =>
        [.. microBatches.Select(traces =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            return TrainingPass.Read(_policy, MicroBatch.Of(traces, torch.ScalarType.Float32, _device)).LogProbs.MoveToOuterDisposeScope();
        })];

    private void Accumulate(IReadOnlyList<StepTrace> traces, StepMoment moment, StepFigures figures)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MicroBatch batch = MicroBatch.Of(traces, torch.ScalarType.Float32, _device);
        torch.Tensor? reference = _reference is null ? null : TrainingPass.Read(_reference, batch).LogProbs;
        TrainingPass pass = new(_policy, batch, moment.EntropyCoefficient > 0.0, _options.Checkpointing);
        pass.Backward(_loss.Of(pass.Scores, reference, batch, moment, figures));
    }

    private double LearningRate(int step) => _options.WarmupSteps == 0
        ? _options.LearningRate
        : _options.LearningRate * Math.Min(1.0, (double)step / _options.WarmupSteps);

    // As torch's clip_grad_norm_: the small number keeps a norm of exactly the bound below it.
    private double Scale(double norm) => _options.GradientClip > 0.0 ? Math.Min(1.0, _options.GradientClip / (norm + 1e-6)) : 1.0;

    private readonly record struct UpdateRates(double Learning, double Entropy);
}
