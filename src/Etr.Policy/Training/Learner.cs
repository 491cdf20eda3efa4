using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Lanes;
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
    private readonly StepLanes _lanes;
    private readonly IPolicyWriter _writer;
    private readonly TrainingOptions _options;
    private readonly long _seed;
    private readonly bool _corrects;
    private readonly AdamW _optimiser;
    private readonly Gradients _gradients;
    private readonly Dictionary<string, torch.Tensor> _gradientOf;
    private readonly EntropyController _entropy;
    private readonly PassBudget _passes;
    private readonly torch.Device _device;
    private int _step;

    private Learner(DecoderWeights weights, AdapterWeights? adapters, IPolicyWriter writer, TrainingOptions options, double temperature, long seed, TorchRuntime runtime)
    {
        _weights = weights;
        _adapters = adapters;
        _writer = writer;
        _options = options;
        _seed = seed;
        _device = runtime.Device;
        _policy = adapters is null
            ? new TrainingDecoder(weights, temperature, gradients: true)
            : new TrainingDecoder(weights, temperature, adapters, options.Lora.Dropout);
        if (options.KlCoefficient > 0.0 && adapters is null)
            _referenceWeights = weights.Clone();
        TrainingDecoder? reference = _referenceWeights is null ? null : new TrainingDecoder(_referenceWeights, temperature, gradients: false);

        _corrects = SamplerCorrection.Parse(options.Correction) != CorrectionKind.None;
        _trained = adapters?.Named ?? weights.Named;
        int lanes = StepLanes.CountFor(_device.type, runtime.Threads, options.MicroBatchTokens, _trained.Sum(weight => weight.Value.NumberOfElements * weight.Value.ElementSize));
        StepLane first = new(weights, adapters, _policy, reference, options, lanes);
        _gradients = first.Gradients;
        _lanes = new StepLanes(first, () => first.Beside(_referenceWeights), lanes, runtime.Threads);
        // What passes at once is bounded over all lanes.
        _passes = new PassBudget(new PassSize(options.MicroBatchTokens / lanes, options.Checkpointing));
        _gradientOf = _trained.Zip(_gradients.Tensors).ToDictionary(pair => pair.First.Name, pair => pair.Second);
        _optimiser = new AdamW([.. _trained.Select(weight => weight.Value)], _gradients.Tensors, options.Beta1, options.Beta2, options.WeightDecay);
        _entropy = new EntropyController(options);
    }

    /// <summary>Loads a model, and makes adapters for it where the options ask for them.</summary>
    public static Learner Open(string modelDirectory, TrainingOptions options, double temperature, TorchRuntime runtime, AdapterStart? start = null)
    {
        ModelDescription model = ModelFiles.Describe(modelDirectory);
        TrainingOptions resolved = PolicyLosses.Resolve(options);
        AdapterStart adapterStart = start ?? new AdapterStart();
        if (!options.Lora.IsOn())
        {
            DecoderWeights whole = DecoderWeights.Load(model.File, model.Config, runtime.Device);
            return new Learner(whole, null, PolicyFile.Like(model.File, whole), resolved, temperature, adapterStart.Seed, runtime);
        }

        string sha256 = adapterStart.BaseSha256 ?? JoinedWeights.Sha256(model.File);
        var adapters = AdapterWeights.Initialise(model.Config, AdapterConfig.Of(options.Lora), adapterStart.Seed, runtime.Device);
        return new Learner(
            DecoderWeights.Load(model.File, model.Config, runtime.Device, adapterStart.HalfPrecision), adapters, new AdapterPolicyFile(adapters, sha256), resolved, temperature,
            adapterStart.Seed, runtime);
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
        StepFigures[] figures = [.. Enumerable.Range(0, _lanes.Count).Select(_ => new StepFigures(_device))];
        StepLogProbs? kept = _options.KeepLogProbs ? new StepLogProbs(plan, _device) : null;
        List<double> norms = [];
        bool applied;
        try
        {
            applied = Update(plan, new UpdateRates(batch.Step, learningRate, coefficient), figures, kept, norms, cancellationToken);
        }
        catch
        {
            before?.Restore();
            throw;
        }

        StepSummary summary = figures[0].Read(norms.Count, _corrects);
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
            LearnerTraces = kept?.Read() ?? [],
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
        _lanes.Dispose();
        _referenceWeights?.Dispose();
        _optimiser.Dispose();
        _adapters?.Dispose();
        _weights.Dispose();
    }

    private static int LongestIn(TrainingBatch batch) =>
        batch.Groups.SelectMany(group => group.Traces.Select(trace => group.PromptTokens.Count + trace.Tokens.Count)).DefaultIfEmpty(0).Max();

    // Whether every update was finite and made; stops at the first that is not.
    private bool Update(
        StepPlan plan, UpdateRates rates, StepFigures[] figures, StepLogProbs? kept, List<double> norms, CancellationToken cancellationToken)
    {
        _policy.Refresh();
        torch.Tensor[][]? start = plan.Updates.Count * _options.Epochs > 1 && _corrects
            ? [.. plan.Updates.Select(microBatches => StartLogProbs(microBatches, cancellationToken))]
            : null;
        for (int update = 0; update < start?.Length; update++)
        {
            for (int i = 0; i < start[update].Length; i++)
                kept?.Keep(update, i, start[update][i], updatesBefore: 0);
        }

        // Tokens are read where they first pass: from the start's own pass where there is one, else from the first epoch.
        StepLogProbs? first = start is null ? kept : null;
        for (int epoch = 0; epoch < _options.Epochs; epoch++)
        {
            for (int update = 0; update < plan.Updates.Count; update++)
            {
                _policy.Refresh();
                _lanes.Clear();
                Accumulate(plan.Updates[update], start?[update], rates, norms.Count, figures, epoch == 0 ? first : null, cancellationToken);
                _policy.Collect(name => _gradientOf[name]);
                norms.Add(_gradients.Norm());
                if (!figures[0].IsFinite() || !double.IsFinite(norms[^1]))
                    return false;
                _optimiser.Update(rates.Learning, Scale(norms[^1]));
            }
        }

        return true;
    }

    private torch.Tensor[] StartLogProbs(IReadOnlyList<IReadOnlyList<StepTrace>> microBatches, CancellationToken cancellationToken)
    {
        torch.Tensor[] logProbs = new torch.Tensor[microBatches.Count];
        _lanes.Run(microBatches.Count, (lane, _, i) => logProbs[i] = lane.LogProbs(microBatches[i]), cancellationToken);
        // Made on other threads, they belong to the step from here on.
        torch.CurrentDisposeScope!.Attach(logProbs);
        return logProbs;
    }

    private void Accumulate(
        IReadOnlyList<IReadOnlyList<StepTrace>> microBatches, torch.Tensor[]? start, UpdateRates rates, int update, StepFigures[] figures, StepLogProbs? kept,
        CancellationToken cancellationToken)
    {
        _lanes.Run(
            microBatches.Count,
            (lane, number, i) => lane.Accumulate(
                microBatches[i], new StepMoment(rates.Entropy, update == 0, start?[i]), _passes.Size.Checkpointing, DropoutSeed(rates.Step, update, i), figures[number],
                kept is null ? null : logProbs => kept.Keep(update, i, logProbs, update)),
            cancellationToken);
        _lanes.Gather();
        foreach (StepFigures other in figures.Skip(1))
            figures[0].Take(other);
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
