using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Training.Passes;

/// <summary>
/// The decoder as the learner runs it: joined matrices, rotation as one complex product, residual sums inside the products, and
/// the last layer's feed-forward only where a token is predicted. It computes what <see cref="PlainDecoder"/> does.
/// </summary>
internal sealed class TrainingDecoder : IDisposable
{
    private readonly DecoderWeights _weights;
    private readonly ModelConfig _config;
    private readonly JoinedLayer[] _layers;
    private readonly Leaf _head;
    private readonly RotaryTable _rotary;
    private readonly double _temperature;
    private readonly LayerAdapter[]? _adapters;
    private torch.Tensor? _turns;

    /// <summary>A decoder over <paramref name="weights"/>, which stay the caller's and are read by <see cref="Refresh"/>.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="temperature">The sampling temperature, by which the head is divided; 0 is read as 1.</param>
    /// <param name="gradients">Whether its matrices gather gradients; the weights' own are their owner's to ask for.</param>
    public TrainingDecoder(DecoderWeights weights, double temperature, bool gradients)
    {
        _weights = weights;
        _config = weights.Config;
        _temperature = temperature > 0.0 ? temperature : 1.0;
        torch.Tensor norm = weights[WeightShapes.Norm];
        _rotary = new RotaryTable(_config, norm.device);
        _layers = [.. Enumerable.Range(0, _config.Layers).Select(layer => new JoinedLayer(weights, layer, gradients))];
        _head = Leaf.Like(norm, [_config.VocabularySize, _config.HiddenSize], gradients);
        foreach (Leaf leaf in Leaves)
            leaf.RequireGradient();
        Refresh();
    }

    /// <summary>
    /// A decoder with adapters over weights that stand still. What was joined is freed in <paramref name="weights"/>, layer by layer, so
    /// that the model is held once.
    /// </summary>
    /// <param name="weights">The weights; they stay the caller's, but for those that are freed.</param>
    /// <param name="temperature">The sampling temperature, by which the head is divided; 0 is read as 1.</param>
    /// <param name="adapters">The adapters; their gradients are their owner's to ask for.</param>
    /// <param name="dropout">Share of the adapters' inputs that is dropped in passes that ask for it.</param>
    public TrainingDecoder(DecoderWeights weights, double temperature, AdapterWeights adapters, double dropout)
    {
        _weights = weights;
        _config = weights.Config;
        _temperature = temperature > 0.0 ? temperature : 1.0;
        torch.Tensor norm = weights[WeightShapes.Norm];
        _rotary = new RotaryTable(_config, norm.device);
        _head = Leaf.Like(norm, [_config.VocabularySize, _config.HiddenSize], gathers: false);
        ReadHead();
        if (!_config.TiedHead)
            weights.Free(WeightShapes.Head);
        _layers = [.. Enumerable.Range(0, _config.Layers).Select(Join)];
        _adapters = [.. Enumerable.Range(0, _config.Layers).Select(layer => new LayerAdapter(adapters, layer, dropout))];

        JoinedLayer Join(int index)
        {
            var layer = new JoinedLayer(weights, index, gathers: false);
            layer.Refresh(weights);
            foreach (string name in layer.Copied)
                weights.Free(name);
            return layer;
        }
    }

    private TrainingDecoder(TrainingDecoder other, DecoderWeights weights, LayerAdapter[]? adapters)
    {
        (_weights, _config, _temperature, _adapters) = (weights, weights.Config, other._temperature, adapters);
        _rotary = new RotaryTable(_config, weights[WeightShapes.Norm].device);
        _layers = [.. other._layers.Select(layer => layer.Beside(weights))];
        _head = other._head.Beside();
    }

    /// <summary>Layers.</summary>
    public int Layers => _layers.Length;

    /// <summary>The matrix that makes logits at the sampling temperature of normalised hidden states, [vocabulary, hidden].</summary>
    public torch.Tensor Head => _head.Value;

    /// <summary>Its gradient; null where it stands still.</summary>
    public torch.Tensor? HeadGradient => _head.Gathers ? _head.Gradient : null;

    private IEnumerable<Leaf> Leaves => _layers.SelectMany(layer => layer.Leaves).Append(_head);

    private string HeadName => _config.TiedHead ? WeightShapes.Embedding : WeightShapes.Head;

    /// <summary>Reads the weights again: before every update. Weights under adapters stand still.</summary>
    public void Refresh()
    {
        if (_adapters is not null)
            return;
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (JoinedLayer layer in _layers)
            layer.Refresh(_weights);
        ReadHead();
    }

    /// <summary>Gradients of the matrices back to zero.</summary>
    public void Clear()
    {
        foreach (Leaf leaf in Leaves)
            leaf.Clear();
    }

    /// <summary>The same model for another thread: its matrices in the same memory, gradients and tables of its own.</summary>
    /// <param name="weights">That thread's weights, of the same memory; this decoder's own where they stand still.</param>
    /// <param name="adapters">That thread's adapters, of the same memory; null where there are none.</param>
    public TrainingDecoder Beside(DecoderWeights weights, AdapterWeights? adapters) =>
        new(this, weights, adapters is null ? null : [.. Enumerable.Range(0, Layers).Select(layer => _adapters![layer].Beside(adapters))]);

    /// <summary>Adds the gradients that another thread's decoder gathered.</summary>
    public void Add(TrainingDecoder other)
    {
        using IDisposable noGradient = torch.no_grad();
        foreach ((Leaf mine, Leaf theirs) in Leaves.Zip(other.Leaves))
            mine.Add(theirs);
    }

    /// <summary>Adds the gradients of the joined matrices to those of the weights: after an update's backward passes. Adapters have theirs already.</summary>
    /// <param name="gradientOf">The gradient of a weight by its name.</param>
    public void Collect(Func<string, torch.Tensor> gradientOf)
    {
        if (_adapters is not null)
            return;
        foreach (JoinedLayer layer in _layers)
            layer.Collect(_weights, gradientOf);

        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor scaled = _head.Gradient.Times(1.0 / _temperature);
        gradientOf(HeadName).AddProductInPlace(scaled, _weights[WeightShapes.Norm].detach());
        gradientOf(WeightShapes.Norm).AddInPlace(scaled.mul(_weights[HeadName]).sum([0L]));
    }

    /// <summary>Embeddings of a rectangle of ids, [rows · length, hidden].</summary>
    public torch.Tensor Embed(torch.Tensor ids) => As(_weights[WeightShapes.Embedding].index_select(0, ids.reshape(-1)), _head.Value.dtype);

    /// <summary>One layer.</summary>
    /// <param name="index">Which.</param>
    /// <param name="x">The residual stream, [rows · length, hidden].</param>
    /// <param name="length">Tokens a row.</param>
    /// <param name="positions">The flat positions wanted of the last layer, int64, [tokens]; the layers before it give all.</param>
    /// <param name="use">How adapters are used, where there are any.</param>
    public torch.Tensor Layer(int index, torch.Tensor x, long length, torch.Tensor positions, AdapterUse use)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        JoinedLayer layer = _layers[index];
        LayerAdapter? adapter = _adapters?[index];
        torch.Tensor mixed = Scoped(() => Attention(layer, adapter, x, length, use));
        if (index == _layers.Length - 1)
        {
            x = x.index_select(0, positions);
            mixed = mixed.index_select(0, positions);
        }

        torch.Tensor middle = Scoped(() => Plus(PlusProduct(x, mixed, layer.Output), adapter?.Output(mixed, use)));
        torch.Tensor gateUp = Scoped(() =>
        {
            torch.Tensor normalised = Scaled(layer, Normalise(middle), layer.NormBetween(_weights));
            return Plus(Linear(normalised, layer.GateUp.Value), adapter?.GateUp(Input(layer, normalised, layer.NormBetween(_weights)), use));
        });
        torch.Tensor[] both = gateUp.chunk(2, -1);
        torch.Tensor inner = functional.silu(both[0]).mul(both[1]);
        return Scoped(() => Plus(PlusProduct(middle, inner, layer.Down), adapter?.Down(inner, use))).MoveToOuterDisposeScope();
    }

    /// <summary>Root mean square 1 along the last dimension; the norm's weight is in the matrix that follows.</summary>
    public torch.Tensor Normalise(torch.Tensor x)
    {
        torch.Tensor norm = x.norm(-1, keepdim: true, 2f);
        return x.mul(norm.Squared().Times(1.0 / _config.HiddenSize).Plus(_config.NormEpsilon).rsqrt());
    }

    public void Dispose()
    {
        _rotary.Dispose();
        _turns?.Dispose();
        _head.Dispose();
        foreach (JoinedLayer layer in _layers)
            layer.Dispose();
    }

    // What leads to a tensor is freed as soon as it is made, but for what the way back needs.
    private static torch.Tensor Scoped(Func<torch.Tensor> make)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return make().MoveToOuterDisposeScope();
    }

    private static torch.Tensor As(torch.Tensor tensor, torch.ScalarType type) => tensor.dtype == type ? tensor : tensor.to(type);

    // Products with half-precision weights are made in theirs; the stream and its sums stay as they are.
    private static torch.Tensor Linear(torch.Tensor input, torch.Tensor weight, torch.Tensor? bias = null) => input.dtype == weight.dtype
        ? functional.linear(input, weight, bias)
        : Plus(functional.linear(input.to(weight.dtype), weight).to(input.dtype), bias);

    private static torch.Tensor PlusProduct(torch.Tensor x, torch.Tensor input, torch.Tensor weight) =>
        input.dtype == weight.dtype ? torch.addmm(x, input, weight.t(), 1, 1) : x.Plus(Linear(input, weight));

    // What the matrix multiplies, and what its adapter does: the norm's weights are in one of them at least.
    private static torch.Tensor Scaled(JoinedLayer layer, torch.Tensor normalised, torch.Tensor norm) => layer.Folded ? normalised : normalised.mul(norm);

    private static torch.Tensor Input(JoinedLayer layer, torch.Tensor scaled, torch.Tensor norm) => layer.Folded ? scaled.mul(norm) : scaled;

    private static torch.Tensor Plus(torch.Tensor sum, torch.Tensor? more) => more is null ? sum : sum.Plus(more);

    private void ReadHead()
    {
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        _head.Value.copy_(_weights[HeadName].mul(_weights[WeightShapes.Norm].Times(1.0 / _temperature)));
    }

    private torch.Tensor Attention(JoinedLayer layer, LayerAdapter? adapter, torch.Tensor x, long length, AdapterUse use)
    {
        (long rows, long size) = (x.shape[0] / length, _config.HeadSize);
        torch.Tensor normalised = Scaled(layer, Normalise(x), layer.NormBefore(_weights));
        torch.Tensor flat = Linear(normalised, layer.Joined.Value, layer.JoinedBias?.Value);
        torch.Tensor joined = Plus(flat, adapter?.Joined(Input(layer, normalised, layer.NormBefore(_weights)), use)).view(rows, length, -1, size);
        torch.Tensor[] turned = joined.split([_config.Heads + (long)_config.KeyValueHeads, _config.KeyValueHeads], 2);
        torch.Tensor turns = Turns((int)length, x.dtype).narrow(0, 0, length).unsqueeze(1);
        torch.Tensor pairs = NormaliseHeads(layer, turned[0]).view(rows, length, -1, size / 2, 2).view_as_complex().mul(turns).view_as_real().flatten(3);
        torch.Tensor[] heads = pairs.split([(long)_config.Heads, _config.KeyValueHeads], 2);
        torch.ScalarType type = layer.Joined.Value.dtype;
        torch.Tensor mixed = functional.scaled_dot_product_attention(
            As(heads[0], type).transpose(1, 2), Spread(As(heads[1], type).transpose(1, 2)), Spread(As(turned[1], type).transpose(1, 2)), is_casual: true);
        return As(mixed.transpose(1, 2).reshape(rows * length, _config.Heads * size), x.dtype);
    }

    private torch.Tensor NormaliseHeads(JoinedLayer layer, torch.Tensor heads)
    {
        if (layer.HeadNorm(_weights) is not { } norm)
            return heads;
        torch.Tensor scale = heads.Squared().mean([-1L], keepdim: true).Plus(_config.NormEpsilon).rsqrt();
        return heads.mul(scale).mul(norm);
    }

    // One key and value head a query head: SDPA here has no grouped form, and causal masking needs rows to be positions.
    private torch.Tensor Spread(torch.Tensor heads)
    {
        if (_config.QueriesPerKey == 1)
            return heads;
        (long rows, long length) = (heads.shape[0], heads.shape[2]);
        return heads.unsqueeze(2).expand(rows, _config.KeyValueHeads, _config.QueriesPerKey, length, _config.HeadSize)
            .reshape(rows, _config.Heads, length, _config.HeadSize);
    }

    // e^{i·angle} for each position and pair of dimensions: [positions, size/2], complex.
    private torch.Tensor Turns(int length, torch.ScalarType type)
    {
        if (_turns is null || _turns.shape[0] < length)
        {
            using IDisposable noGradient = torch.no_grad();
            using DisposeScope scope = torch.NewDisposeScope();
            (torch.Tensor cos, torch.Tensor sin) = _rotary.AtLeast(length);
            _turns?.Dispose();
            _turns = torch.complex(cos.to(type), sin.to(type)).DetachFromDisposeScope();
        }

        return _turns;
    }
}
