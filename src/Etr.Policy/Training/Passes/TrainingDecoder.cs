using Etr.Policy.Models;
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
        _layers = [.. Enumerable.Range(0, _config.Layers).Select(layer => new JoinedLayer(weights, layer))];
        _head = Leaf.Like(norm, [_config.VocabularySize, _config.HiddenSize]);
        if (gradients)
        {
            foreach (Leaf leaf in _layers.SelectMany(layer => layer.Leaves).Append(_head))
                leaf.RequireGradient();
        }

        Refresh();
    }

    /// <summary>Layers.</summary>
    public int Layers => _layers.Length;

    /// <summary>The matrix that makes logits at the sampling temperature of normalised hidden states, [vocabulary, hidden].</summary>
    public torch.Tensor Head => _head.Value;

    /// <summary>Its gradient.</summary>
    public torch.Tensor HeadGradient => _head.Gradient;

    private string HeadName => _config.TiedHead ? WeightShapes.Embedding : WeightShapes.Head;

    /// <summary>Reads the weights again, and sets the gradients back to zero: before every update.</summary>
    public void Refresh()
    {
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (JoinedLayer layer in _layers)
        {
            layer.Refresh(_weights);
            layer.Clear();
        }

        _head.Value.copy_(_weights[HeadName].mul(_weights[WeightShapes.Norm].mul(1.0 / _temperature)));
        _head.Gradient.zero_();
    }

    /// <summary>Adds the gradients of the joined matrices to those of the weights: after an update's backward passes.</summary>
    /// <param name="gradientOf">The gradient of a weight by its name.</param>
    public void Collect(Func<string, torch.Tensor> gradientOf)
    {
        foreach (JoinedLayer layer in _layers)
            layer.Collect(_weights, gradientOf);

        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor scaled = _head.Gradient.mul(1.0 / _temperature);
        gradientOf(HeadName).addcmul_(scaled, _weights[WeightShapes.Norm].detach(), 1);
        gradientOf(WeightShapes.Norm).add_(scaled.mul(_weights[HeadName]).sum([0L]));
    }

    /// <summary>Embeddings of a rectangle of ids, [rows · length, hidden].</summary>
    public torch.Tensor Embed(torch.Tensor ids) => _weights[WeightShapes.Embedding].index_select(0, ids.reshape(-1));

    /// <summary>One layer.</summary>
    /// <param name="index">Which.</param>
    /// <param name="x">The residual stream, [rows · length, hidden].</param>
    /// <param name="length">Tokens a row.</param>
    /// <param name="positions">The flat positions wanted of the last layer, int64, [tokens]; the layers before it give all.</param>
    public torch.Tensor Layer(int index, torch.Tensor x, long length, torch.Tensor positions)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        JoinedLayer layer = _layers[index];
        torch.Tensor mixed = Attention(layer, x, length);
        if (index == _layers.Length - 1)
        {
            x = x.index_select(0, positions);
            mixed = mixed.index_select(0, positions);
        }

        x = torch.addmm(x, mixed, layer.Output.t(), 1, 1);
        torch.Tensor[] both = functional.linear(Normalise(x), layer.GateUp.Value).chunk(2, -1);
        return torch.addmm(x, functional.silu(both[0]).mul(both[1]), layer.Down.t(), 1, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Root mean square 1 along the last dimension; the norm's weight is in the matrix that follows.</summary>
    public torch.Tensor Normalise(torch.Tensor x)
    {
        torch.Tensor norm = torch.linalg.vector_norm(x, 2.0, [-1L], keepdim: true);
        return x.mul(norm.square().mul(1.0 / _config.HiddenSize).add(_config.NormEpsilon).rsqrt());
    }

    public void Dispose()
    {
        _rotary.Dispose();
        _turns?.Dispose();
        _head.Dispose();
        foreach (JoinedLayer layer in _layers)
            layer.Dispose();
    }

    private torch.Tensor Attention(JoinedLayer layer, torch.Tensor x, long length)
    {
        (long rows, long size) = (x.shape[0] / length, _config.HeadSize);
        torch.Tensor joined = functional.linear(Normalise(x), layer.Joined.Value, layer.JoinedBias?.Value).view(rows, length, -1, size);
        torch.Tensor[] turned = joined.split([_config.Heads + (long)_config.KeyValueHeads, _config.KeyValueHeads], 2);
        torch.Tensor turns = Turns((int)length, x.dtype).narrow(0, 0, length).unsqueeze(1);
        torch.Tensor pairs = NormaliseHeads(layer, turned[0]).view(rows, length, -1, size / 2, 2).view_as_complex().mul(turns).view_as_real().flatten(3);
        torch.Tensor[] heads = pairs.split([(long)_config.Heads, _config.KeyValueHeads], 2);
        torch.Tensor mixed = functional.scaled_dot_product_attention(
            heads[0].transpose(1, 2), Spread(heads[1].transpose(1, 2)), Spread(turned[1].transpose(1, 2)), is_casual: true);
        return mixed.transpose(1, 2).reshape(rows * length, _config.Heads * size);
    }

    private torch.Tensor NormaliseHeads(JoinedLayer layer, torch.Tensor heads)
    {
        if (layer.HeadNorm(_weights) is not { } norm)
            return heads;
        torch.Tensor scale = heads.square().mean([-1L], keepdim: true).add(_config.NormEpsilon).rsqrt();
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
