using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Training.Passes;
using TorchSharp;
using TorchSharp.Modules;

namespace Etr.Policy.Training.Lanes;

/// <summary>
/// One thread's part in a step: the model in memory that all lanes share, and gradients and figures that it gathers alone. A lane is
/// used by one thread at a time.
/// </summary>
internal sealed class StepLane : IDisposable
{
    private readonly DecoderWeights _weights;
    private readonly AdapterWeights? _adapters;
    private readonly TrainingDecoder? _reference;
    private readonly StepLoss _loss;
    private readonly TrainingOptions _options;
    private readonly long _mostLogits;
    private readonly IDisposable? _owned;

    /// <summary>The first lane. What it is made over stays the caller's; decoders are its own.</summary>
    /// <param name="weights">The weights; without adapters they are what is trained.</param>
    /// <param name="adapters">What is trained in their place, or null.</param>
    /// <param name="policy">The decoder over both.</param>
    /// <param name="reference">A decoder over the weights as they were; null where there is none or adapters make it.</param>
    /// <param name="options">Resolved options.</param>
    /// <param name="lanes">How many lanes there will be: what one holds at once is its share.</param>
    public StepLane(DecoderWeights weights, AdapterWeights? adapters, TrainingDecoder policy, TrainingDecoder? reference, TrainingOptions options, int lanes)
        : this(weights, adapters, policy, reference, new StepLoss(options), options, TrainingPass.MostLogits / lanes, owned: null)
    {
    }

    private StepLane(
        DecoderWeights weights, AdapterWeights? adapters, TrainingDecoder policy, TrainingDecoder? reference, StepLoss loss, TrainingOptions options, long mostLogits,
        IDisposable? owned)
    {
        (_weights, _adapters, Policy, _reference, _loss, _options) = (weights, adapters, policy, reference, loss, options);
        (_mostLogits, _owned) = (mostLogits, owned);
        Gradients = new Gradients([.. Trained.Select(weight => weight.Value.requires_grad_(true))]);
    }

    /// <summary>The decoder.</summary>
    public TrainingDecoder Policy { get; }

    /// <summary>Gradients of <see cref="Trained"/>, in its order.</summary>
    public Gradients Gradients { get; }

    /// <summary>What is trained: adapters where there are any, else the weights.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Trained => _adapters?.Named ?? _weights.Named;

    /// <summary>A lane for another thread, over the same memory.</summary>
    /// <param name="frozen">The reference policy's weights, where there are any.</param>
    public StepLane Beside(DecoderWeights? frozen)
    {
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        // Under adapters the weights stand still, and were partly freed: all lanes read the same.
        DecoderWeights weights = _adapters is null ? _weights.Beside() : _weights;
        AdapterWeights? adapters = _adapters?.Beside();
        return new StepLane(
            weights, adapters, Policy.Beside(weights, adapters), frozen is null ? null : _reference?.Beside(frozen, null), _loss, _options, _mostLogits,
            adapters is null ? weights : adapters);
    }

    /// <summary>One micro-batch there and back: its gradient and its figures are added to what was gathered.</summary>
    /// <param name="traces">The micro-batch.</param>
    /// <param name="moment">Where in the step it stands.</param>
    /// <param name="checkpointing">Whether layers keep their inputs alone.</param>
    /// <param name="dropoutSeed">What the adapters' dropout is drawn from, or null.</param>
    /// <param name="figures">Where its figures go.</param>
    /// <param name="keep">Takes the policy's log-probabilities of its tokens, which are gone afterwards; null where nobody wants them.</param>
    public void Accumulate(
        IReadOnlyList<StepTrace> traces, StepMoment moment, bool checkpointing, ulong? dropoutSeed, StepFigures figures, Action<torch.Tensor>? keep = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MicroBatch batch = MicroBatch.Of(traces, torch.ScalarType.Float32, Policy.Head.device);
        torch.Tensor? reference = Reference(batch);
        TrainingPass pass = new(Policy, batch, moment.EntropyCoefficient > 0.0, checkpointing, new AdapterUse(true, dropoutSeed), _mostLogits);
        keep?.Invoke(pass.Scores.LogProbs);
        pass.Backward(_loss.Of(pass.Scores, reference, batch, moment, figures));
    }

    /// <summary>The policy's log-probabilities of a micro-batch's tokens (nats), [tokens]; in no dispose scope.</summary>
    public torch.Tensor LogProbs(IReadOnlyList<StepTrace> traces)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return TrainingPass.Read(Policy, MicroBatch.Of(traces, torch.ScalarType.Float32, Policy.Head.device), _mostLogits).LogProbs.DetachFromDisposeScope();
    }

    /// <summary>Gradients back to zero.</summary>
    public void Clear()
    {
        Policy.Clear();
        Gradients.Clear();
    }

    /// <summary>Adds what another lane gathered, in the order of the calls.</summary>
    public void Add(StepLane other)
    {
        Policy.Add(other.Policy);
        Gradients.Add(other.Gradients);
    }

    public void Dispose()
    {
        Policy.Dispose();
        _reference?.Dispose();
        Gradients.Dispose();
        _owned?.Dispose();
    }

    // The policy as it was: under adapters the model without them, else a copy.
    private torch.Tensor? Reference(MicroBatch batch)
    {
        if (_options.KlCoefficient <= 0.0)
            return null;
        return _reference is null
            ? TrainingPass.Read(Policy, batch, AdapterUse.Off, _mostLogits).LogProbs
            : TrainingPass.Read(_reference, batch, _mostLogits).LogProbs;
    }
}
