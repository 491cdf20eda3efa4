using Etr.Policy.Models;
using Etr.Policy.Runtime;
using TorchSharp;
using TorchSharp.Modules;

namespace Etr.Policy.Training.Passes;

/// <summary>
/// A layer's matrices that read the normalised residual stream, joined so that each norm feeds one product: q, k and v, and gate and
/// up. The norms' weights are multiplied into them, and rows of q and k stand in rotary pairs, as in the sampler's decoder.
/// </summary>
/// <remarks>They are leaves of the graph and copies of the weights: read again before an update, their gradients taken apart after it.</remarks>
internal sealed class JoinedLayer : IDisposable
{
    private const string Before = "input_layernorm.weight";
    private const string Between = "post_attention_layernorm.weight";
    private static readonly string[] Projections = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
    private static readonly string[] Gates = ["mlp.gate_proj.weight", "mlp.up_proj.weight"];

    private readonly ModelConfig _config;
    private readonly int _layer;
    private readonly long[] _rows;

    /// <param name="weights">The weights.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="gathers">Whether its matrices gather gradients.</param>
    public JoinedLayer(DecoderWeights weights, int layer, bool gathers)
    {
        _config = weights.Config;
        _layer = layer;
        _rows = [_config.Heads, _config.KeyValueHeads, _config.KeyValueHeads];
        using DisposeScope scope = torch.NewDisposeScope();
        Joined = Leaf.Like(Of(weights, Projections[0] + ".weight"), [_rows.Sum() * _config.HeadSize, _config.HiddenSize], gathers);
        JoinedBias = _config.HasBiases ? Leaf.Like(Of(weights, Before), [_rows.Sum() * _config.HeadSize], gathers) : null;
        GateUp = Leaf.Like(Of(weights, Gates[0]), [2L * _config.IntermediateSize, _config.HiddenSize], gathers);
        Output = Of(weights, "self_attn.o_proj.weight");
        Down = Of(weights, "mlp.down_proj.weight");
        Folded = Joined.Value.dtype == Of(weights, Before).dtype;
    }

    private JoinedLayer(JoinedLayer other, DecoderWeights weights)
    {
        (_config, _layer, _rows) = (other._config, other._layer, other._rows);
        Joined = other.Joined.Beside();
        JoinedBias = other.JoinedBias?.Beside();
        GateUp = other.GateUp.Beside();
        Output = Of(weights, "self_attn.o_proj.weight");
        Down = Of(weights, "mlp.down_proj.weight");
        Folded = other.Folded;
    }

    /// <summary>Whether norms are part of the matrices that follow them; not where those are in half precision, which would round them anew.</summary>
    public bool Folded { get; }

    /// <summary>q, k and v, [(heads + 2 · kv heads) · size, hidden].</summary>
    public Leaf Joined { get; }

    /// <summary>Their biases; null where the architecture has none.</summary>
    public Leaf? JoinedBias { get; }

    /// <summary>What gathers gradients here.</summary>
    public IEnumerable<Leaf> Leaves => JoinedBias is null ? [Joined, GateUp] : [Joined, JoinedBias, GateUp];

    /// <summary>gate and up, [2 · intermediate, hidden].</summary>
    public Leaf GateUp { get; }

    /// <summary>The weight itself, [hidden, heads · size].</summary>
    public torch.Tensor Output { get; }

    /// <summary>The weight itself, [hidden, intermediate].</summary>
    public torch.Tensor Down { get; }

    /// <summary>The norms of q's and k's heads as the weights have them, in rotary pairs, [heads + kv heads, size]; null where there are none.</summary>
    public torch.Tensor? HeadNorm(DecoderWeights weights) =>
        _config.HasHeadNorms ? RotaryPairs.OfNorms(_config, Of(weights, WeightShapes.QueryNorm), Of(weights, WeightShapes.KeyNorm)) : null;

    /// <summary>Names of the weights that are in the joined matrices, norms not counted: nothing else reads them.</summary>
    public IEnumerable<string> Copied =>
        Projections.Select(name => name + ".weight").Concat(_config.HasBiases ? Projections.Select(name => name + ".bias") : []).Concat(Gates).Select(Name);

    /// <summary>The norm before attention, [hidden].</summary>
    public torch.Tensor NormBefore(DecoderWeights weights) => Of(weights, Before);

    /// <summary>The norm between attention and feed-forward, [hidden].</summary>
    public torch.Tensor NormBetween(DecoderWeights weights) => Of(weights, Between);

    /// <summary>The same matrices for another thread, their gradients gathered apart.</summary>
    /// <param name="weights">That thread's weights, of the same memory.</param>
    public JoinedLayer Beside(DecoderWeights weights) => new(this, weights);

    /// <summary>Reads the weights again.</summary>
    public void Refresh(DecoderWeights weights)
    {
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long start = 0;
        for (int i = 0; i < Projections.Length; i++)
        {
            long count = _rows[i] * _config.HeadSize;
            Joined.Value.narrow(0, start, count).copy_(Scaled(Paired(Of(weights, Projections[i] + ".weight"), i), Before));
            JoinedBias?.Value.narrow(0, start, count).copy_(Paired(Of(weights, Projections[i] + ".bias"), i));
            start += count;
        }

        for (int i = 0; i < Gates.Length; i++)
            GateUp.Value.narrow(0, (long)i * _config.IntermediateSize, _config.IntermediateSize).copy_(Scaled(Of(weights, Gates[i]), Between));

        torch.Tensor Scaled(torch.Tensor matrix, string norm) => Folded ? matrix.mul(Of(weights, norm)) : matrix;
    }

    /// <summary>Adds the gradients to those of the weights that were joined: of W' = W·norm, dW = dW'·norm and dnorm = Σ dW'·W.</summary>
    public void Collect(DecoderWeights weights, Func<string, torch.Tensor> gradientOf)
    {
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long start = 0;
        for (int i = 0; i < Projections.Length; i++)
        {
            long count = _rows[i] * _config.HeadSize;
            Norm(Before, Projections[i] + ".weight", Unpaired(Joined.Gradient.narrow(0, start, count), i));
            if (JoinedBias is not null)
                gradientOf(Name(Projections[i] + ".bias")).AddInPlace(Unpaired(JoinedBias.Gradient.narrow(0, start, count), i));
            start += count;
        }

        for (int i = 0; i < Gates.Length; i++)
            Norm(Between, Gates[i], GateUp.Gradient.narrow(0, (long)i * _config.IntermediateSize, _config.IntermediateSize));

        void Norm(string norm, string matrix, torch.Tensor gradient)
        {
            gradientOf(Name(matrix)).AddProductInPlace(gradient, Of(weights, norm).detach());
            gradientOf(Name(norm)).AddInPlace(gradient.mul(Of(weights, matrix)).sum([0L]));
        }
    }

    public void Dispose()
    {
        foreach (Leaf leaf in Leaves)
            leaf.Dispose();
    }

    private string Name(string weight) => WeightShapes.Of(_layer, weight);

    private Parameter Of(DecoderWeights weights, string weight) => weights[Name(weight)];

    // Values (the third) are not rotated.
    private torch.Tensor Paired(torch.Tensor rows, int projection) => projection == 2 ? rows : RotaryPairs.Of(rows, _rows[projection]);

    private torch.Tensor Unpaired(torch.Tensor rows, int projection) => projection == 2 ? rows : RotaryPairs.Undo(rows, _rows[projection]);
}
