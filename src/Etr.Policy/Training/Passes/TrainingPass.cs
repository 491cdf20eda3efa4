using TorchSharp;

namespace Etr.Policy.Training.Passes;

/// <summary>
/// One micro-batch through the model and back. Where memory asks for it the graph is cut: the head is passed in chunks of tokens,
/// and with checkpointing each layer keeps its input alone. What was left out is computed once more on the way back.
/// </summary>
internal sealed class TrainingPass
{
    /// <summary>Most logits (tokens × vocabulary) that are held at once: 64 MiB of them in fp32.</summary>
    public const long MostLogits = 1 << 24;

    private readonly TrainingDecoder _decoder;
    private readonly MicroBatch _batch;
    private readonly bool _entropyPulls;
    private readonly long _chunk;
    private readonly AdapterUse _use;

    // Inputs of the layers, under checkpointing alone.
    private readonly List<torch.Tensor>? _inputs;
    private readonly torch.Tensor _last;
    private readonly torch.Tensor _hidden;

    /// <summary>The forward pass. Its tensors belong to the caller's dispose scope.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="entropyPulls">Whether the entropy carries a gradient.</param>
    /// <param name="checkpointing">Whether layers keep their inputs alone.</param>
    /// <param name="use">How adapters are used, where there are any.</param>
    /// <param name="mostLogits">Most logits held at once, at least 1. The default is <see cref="MostLogits"/>.</param>
    public TrainingPass(TrainingDecoder decoder, MicroBatch batch, bool entropyPulls, bool checkpointing, AdapterUse use, long mostLogits = MostLogits)
    {
        _use = use;
        _decoder = decoder;
        _batch = batch;
        _entropyPulls = entropyPulls;
        long vocabulary = decoder.Head.shape[0];
        bool chunked = batch.Targets.shape[0] * vocabulary > mostLogits;
        _chunk = chunked ? Math.Max(1, mostLogits / vocabulary) : 0;
        _inputs = checkpointing ? [] : null;

        _last = Layers();
        _hidden = decoder.Normalise(_last);
        Scores = chunked
            ? Leaves(ChunkedScores.Forward(_hidden, decoder.Head, batch.Targets, _chunk))
            : TokenScores.Of(_hidden, decoder.Head, batch.Targets, entropyPulls);
    }

    /// <summary>Scores of the micro-batch's tokens; they carry the gradient.</summary>
    public TokenScores Scores { get; }

    /// <summary>Scores without a gradient.</summary>
    public static TokenScores Read(TrainingDecoder decoder, MicroBatch batch, long mostLogits = MostLogits) => Read(decoder, batch, AdapterUse.Whole, mostLogits);

    /// <summary>Scores without a gradient, with adapters or without.</summary>
    public static TokenScores Read(TrainingDecoder decoder, MicroBatch batch, AdapterUse use, long mostLogits = MostLogits)
    {
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        TokenScores scores = new TrainingPass(decoder, batch, entropyPulls: false, checkpointing: false, use, mostLogits).Scores;
        return new TokenScores(scores.LogProbs.MoveToOuterDisposeScope(), scores.Entropy.MoveToOuterDisposeScope());
    }

    /// <summary>The backward pass, once: adds to the gradients of the decoder and of its weights.</summary>
    /// <param name="loss">A scalar made of <see cref="Scores"/>.</param>
    public void Backward(torch.Tensor loss)
    {
        loss.backward();
        if (_chunk > 0)
        {
            torch.Tensor gradient = ChunkedScores.Backward(
                _hidden.detach(), _decoder.Head.detach(), _decoder.HeadGradient, _batch.Targets,
                (Scores.LogProbs.grad!, _entropyPulls ? Scores.Entropy.grad : null), _chunk);
            _hidden.backward([gradient]);
        }

        if (_inputs is not null)
            Recompute(_inputs, _last.grad!);
    }

    private torch.Tensor Layers()
    {
        long length = _batch.Ids.shape[1];
        using IDisposable? noGradient = _inputs is null ? null : torch.no_grad();
        torch.Tensor x = _decoder.Embed(_batch.Ids);
        for (int layer = 0; layer < _decoder.Layers; layer++)
        {
            _inputs?.Add(x);
            x = _decoder.Layer(layer, x, length, _batch.Positions, _use);
        }

        return _inputs is null ? x : x.detach().requires_grad_(true);
    }

    private void Recompute(List<torch.Tensor> inputs, torch.Tensor gradient)
    {
        long length = _batch.Ids.shape[1];
        for (int layer = inputs.Count - 1; layer >= 0; layer--)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor input = inputs[layer].detach().requires_grad_(true);
            _decoder.Layer(layer, input, length, _batch.Positions, _use).backward([gradient]);
            gradient = input.grad!.MoveToOuterDisposeScope();
            inputs[layer].Dispose();
        }

        // Under adapters the embedding stands still.
        torch.Tensor embedded = _decoder.Embed(_batch.Ids);
        if (embedded.requires_grad)
            embedded.backward([gradient]);
    }

    private TokenScores Leaves(TokenScores scores)
    {
        if (torch.is_grad_enabled())
        {
            scores.LogProbs.requires_grad_(true);
            if (_entropyPulls)
                scores.Entropy.requires_grad_(true);
        }

        return scores;
    }
}
