using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Losses;
using Etr.Policy.Training.Passes;
using TorchSharp;
using TorchSharp.Modules;

namespace Etr.Policy.Training;

/// <summary>The model, its optimiser and one step of both. Everything here is native and runs on the learner thread.</summary>
internal sealed class Learner : IDisposable
{
    private readonly DecoderWeights _weights;
    private readonly AdapterWeights? _adapters;
    private readonly IReadOnlyList<(string Name, Parameter Value)> _trained;
    private readonly TrainingDecoder _policy;
    private readonly DecoderWeights? _referenceWeights;
    private readonly TrainingDecoder? _reference;
    private readonly IPolicyWriter _writer;
    private readonly TrainingOptions _options;
    private readonly long _seed;
    private readonly StepLoss _loss;
    private readonly AdamW _optimiser;
    private readonly Gradients _gradients;
    private readonly Dictionary<string, torch.Tensor> _gradientOf;
    private readonly EntropyController _entropy;
    private readonly PassBudget _passes;
    private readonly torch.Device _device;
    private int _step;

    private Learner(DecoderWeights weights, AdapterWeights? adapters, IPolicyWriter writer, TrainingOptions options, double temperature, long seed, torch.Device device)
    {
        _weights = weights;
        _adapters = adapters;
        _writer = writer;
        _options = options;
        _seed = seed;
        _device = device;
        _policy = adapters is null
            ? new TrainingDecoder(weights, temperature, gradients: true)
            : new TrainingDecoder(weights, temperature, adapters, options.Lora.Dropout);
        if (options.KlCoefficient > 0.0 && adapters is null)
        {
            _referenceWeights = weights.Clone();
            _reference = new TrainingDecoder(_referenceWeights, temperature, gradients: false);
        }

        _trained = adapters?.Named ?? weights.Named;
        foreach ((_, Parameter value) in _trained)
            value.requires_grad_(true);
        torch.Tensor[] parameters = [.. _trained.Select(weight => weight.Value)];
        _gradients = new Gradients(parameters);
        _gradientOf = _trained.Zip(_gradients.Tensors).ToDictionary(pair => pair.First.Name, pair => pair.Second);
        _optimiser = new AdamW(parameters, _gradients.Tensors, options.Beta1, options.Beta2, options.WeightDecay);
        _loss = new StepLoss(options);
        _passes = new PassBudget(new PassSize(options.MicroBatchTokens, options.Checkpointing));
        _entropy = new EntropyController(options);
    }

    /// <summary>Loads a model, and makes adapters for it where the options ask for them.</summary>
    public static Learner Open(string modelDirectory, TrainingOptions options, double temperature, torch.Device device, AdapterStart? start = null)
    {
        ModelDescription model = ModelFiles.Describe(modelDirectory);
        TrainingOptions resolved = PolicyLosses.Resolve(options);
        AdapterStart adapterStart = start ?? new AdapterStart();
        if (!options.Lora.IsOn())
        {
            DecoderWeights whole = DecoderWeights.Load(model.File, model.Config, device);
            return new Learner(whole, null, PolicyFile.Like(model.File, whole), resolved, temperature, adapterStart.Seed, device);
        }

        string sha256 = adapterStart.BaseSha256 ?? JoinedWeights.Sha256(model.File);
        var adapters = AdapterWeights.Initialise(model.Config, AdapterConfig.Of(options.Lora), adapterStart.Seed, device);
        return new Learner(
            DecoderWeights.Load(model.File, model.Config, device, adapterStart.HalfPrecision), adapters, new AdapterPolicyFile(adapters, sha256), resolved, temperature, adapterStart.Seed, device);
    }

    /// <summary>One step; <see cref="TrainingStep.Duration"/> is left to the caller. Where memory runs out it is made again in smaller passes.</summary>
    public TrainingStep Step(TrainingBatch batch, CancellationToken cancellationToken) => _passes.Run(
        LongestIn(batch), size => Step(batch, size, cancellationToken));

    private TrainingStep Step(TrainingBatch batch, PassSize size, CancellationToken cancellationToken)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        StepPlan plan = StepPlan.Of(batch, _options with { MicroBatchTokens = size.Tokens }, _weights.Config.VocabularySize, _weights.Config.ContextLength);
        int planned = plan.Updates.Count * _options.Epochs;
        // A single update is not made unless all is well; of several, some may have to be taken back.
        using TrainerSnapshot? before = planned > 1 ? new TrainerSnapshot(_trained.Select(weight => (torch.Tensor)weight.Value), _optimiser) : null;
        double coefficient = _entropy.Coefficient;
        double learningRate = LearningRate(batch.Step) * batch.RateFactor;
        StepFigures figures = new(_device);
        List<double> norms = [];
        bool applied;
        try
        {
            applied = Update(plan, new UpdateRates(batch.Step, learningRate, coefficient), figures, norms, cancellationToken);
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
            MicroBatchTokens = size.Tokens,
            MemoryRetries = _passes.Retries,
            Tokens = plan.InputTokens,
            Duration = TimeSpan.Zero,
        };
    }

    public SavedPolicy Save(string checkpoints, string policies, CancellationToken cancellationToken)
    {
        FileRef checkpoint = TrainerCheckpoint.Save(checkpoints, _trained, _optimiser, _step, _entropy.Coefficient);
        FileRef policy = _writer.Save(policies, _weights);
        return new SavedPolicy(checkpoint, policy, SafetensorsParts.Of(policy.Path, cancellationToken));
    }

    public void Load(FileRef checkpoint)
    {
        (_step, double coefficient) = TrainerCheckpoint.Load(checkpoint, _trained, _optimiser);
        _entropy.Coefficient = double.IsNaN(coefficient) ? _options.EntropyCoefficient : coefficient;
    }

    public void Dispose()
    {
        _policy.Dispose();
        _reference?.Dispose();
        _referenceWeights?.Dispose();
        _optimiser.Dispose();
        _gradients.Dispose();
        _adapters?.Dispose();
        _weights.Dispose();
    }

    private static int LongestIn(TrainingBatch batch) =>
        batch.Groups.SelectMany(group => group.Traces.Select(trace => group.PromptTokens.Count + trace.Tokens.Count)).DefaultIfEmpty(0).Max();

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
                    Accumulate(plan.Updates[update][i], new StepMoment(rates.Entropy, norms.Count == 0, start?[update][i]), DropoutSeed(rates.Step, norms.Count, i), figures);
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

    private void Accumulate(IReadOnlyList<StepTrace> traces, StepMoment moment, ulong? dropoutSeed, StepFigures figures)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MicroBatch batch = MicroBatch.Of(traces, torch.ScalarType.Float32, _device);
        torch.Tensor? reference = Reference(batch);
        TrainingPass pass = new(_policy, batch, moment.EntropyCoefficient > 0.0, _passes.Size.Checkpointing, new AdapterUse(true, dropoutSeed));
        pass.Backward(_loss.Of(pass.Scores, reference, batch, moment, figures));
    }

    // The policy as it was: under adapters the model without them, else a copy.
    private torch.Tensor? Reference(MicroBatch batch)
    {
        if (_options.KlCoefficient <= 0.0)
            return null;
        return _reference is null
            ? TrainingPass.Read(_policy, batch, AdapterUse.Off).LogProbs
            : TrainingPass.Read(_reference, batch).LogProbs;
    }

    // A function of seed and place alone: a step that is trained again drops the same.
    private ulong? DropoutSeed(int step, int update, int microBatch) => _options.Lora.IsOn() && _options.Lora.Dropout > 0.0
        ? (((ulong)_seed * 1_000_003 + (ulong)step) * 1_000_003 + (ulong)update) * 1_000_003 + (ulong)microBatch
        : null;

    private double LearningRate(int step) => _options.WarmupSteps == 0
        ? _options.LearningRate
        : _options.LearningRate * Math.Min(1.0, (double)step / _options.WarmupSteps);

    // As torch's clip_grad_norm_: the small number keeps a norm of exactly the bound below it.
    private double Scale(double norm) => _options.GradientClip > 0.0 ? Math.Min(1.0, _options.GradientClip / (norm + 1e-6)) : 1.0;

    private readonly record struct UpdateRates(int Step, double Learning, double Entropy);
}
