using Etr.Policy.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Models;

/// <summary>
/// The decoder as training sees it: whole sequences in, hidden states and logits out, differentiable in every weight.
/// Batches are padded on the right; causal attention keeps what stands after a token from reaching it, so pads need no mask.
/// </summary>
public sealed class PlainDecoder : IDisposable
{
    private readonly RotaryTable _rotary;

    /// <summary>A decoder over <paramref name="weights"/>, which stay the caller's.</summary>
    public PlainDecoder(DecoderWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Weights = weights;
        _rotary = new RotaryTable(Config, weights[WeightShapes.Norm].device);
    }

    /// <summary>The weights it runs on.</summary>
    public DecoderWeights Weights { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config => Weights.Config;

    /// <summary>Hidden states after the final norm.</summary>
    /// <param name="ids">Token ids, int64, [batch, length]; pads at the right may hold any valid id.</param>
    /// <returns>[batch, length, hidden].</returns>
    public torch.Tensor Hidden(torch.Tensor ids) => HiddenStates(ids, null);

    /// <summary>Logits of hidden states.</summary>
    /// <param name="hidden">[…, hidden].</param>
    /// <returns>[…, vocabulary].</returns>
    public torch.Tensor Logits(torch.Tensor hidden) =>
        functional.linear(hidden, Weights[Config.TiedHead ? WeightShapes.Embedding : WeightShapes.Head]);

    /// <summary>Logits of every position: [batch, length, vocabulary].</summary>
    public torch.Tensor Forward(torch.Tensor ids)
    {
        using torch.Tensor hidden = Hidden(ids);
        return Logits(hidden);
    }

    /// <inheritdoc/>
    public void Dispose() => _rotary.Dispose();

    /// <summary>Logits of tokens that stand at positions of the caller's: pretraining leaves gaps between prompt and chain.</summary>
    /// <param name="ids">[batch, length].</param>
    /// <param name="positions">int64, [batch, length], each row ascending and below the context's length.</param>
    internal torch.Tensor ForwardAt(torch.Tensor ids, torch.Tensor positions)
    {
        using torch.Tensor hidden = HiddenStates(ids, null, positions);
        return Logits(hidden);
    }

    /// <summary>As <see cref="Hidden"/>; also hands over the residual stream after each layer, for tests that look inside.</summary>
    internal torch.Tensor HiddenStates(torch.Tensor ids, Action<int, torch.Tensor>? afterLayer, torch.Tensor? positions = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (long batch, long length) = (ids.shape[0], ids.shape[1]);
        (torch.Tensor cos, torch.Tensor sin) = _rotary.AtLeast(positions is null ? (int)length : Config.ContextLength);
        if (positions is null)
        {
            cos = cos.narrow(0, 0, length);
            sin = sin.narrow(0, 0, length);
        }
        else
        {
            // [batch, 1, length, size / 2]: the same angles for every head.
            torch.Tensor flat = positions.reshape(-1);
            cos = cos.index_select(0, flat).view(batch, 1, length, -1);
            sin = sin.index_select(0, flat).view(batch, 1, length, -1);
        }

        torch.Tensor x = Weights[WeightShapes.Embedding].index_select(0, ids.reshape(-1)).view(batch, length, Config.HiddenSize);
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            x = x.Plus(Attention(layer, Normalise(x, Of(layer, "input_layernorm.weight")), cos, sin));
            x = x.Plus(FeedForward(layer, Normalise(x, Of(layer, "post_attention_layernorm.weight"))));
            afterLayer?.Invoke(layer, x);
        }

        return Normalise(x, Weights[WeightShapes.Norm]).MoveToOuterDisposeScope();
    }

    private Parameter Of(int layer, string weight) => Weights[WeightShapes.Of(layer, weight)];

    private torch.Tensor Normalise(torch.Tensor x, torch.Tensor weight)
    {
        torch.Tensor scale = (x * x).mean([-1L], keepdim: true).Plus(Config.NormEpsilon).rsqrt();
        return x * scale * weight;
    }

    private torch.Tensor Attention(int layer, torch.Tensor x, torch.Tensor cos, torch.Tensor sin)
    {
        torch.Tensor queries = Rotate(HeadNorm(layer, WeightShapes.QueryNorm, Heads(layer, "q_proj", x, Config.Heads)), cos, sin);
        torch.Tensor keys = Rotate(HeadNorm(layer, WeightShapes.KeyNorm, Heads(layer, "k_proj", x, Config.KeyValueHeads)), cos, sin);
        torch.Tensor values = Heads(layer, "v_proj", x, Config.KeyValueHeads);
        torch.Tensor mixed = functional.scaled_dot_product_attention(queries, Spread(keys), Spread(values), is_casual: true);
        torch.Tensor joined = mixed.transpose(1, 2).reshape(x.shape[0], x.shape[1], (long)Config.Heads * Config.HeadSize);
        return functional.linear(joined, Of(layer, "self_attn.o_proj.weight"));
    }

    // [batch, heads, length, size]
    private torch.Tensor Heads(int layer, string projection, torch.Tensor x, int heads) =>
        functional.linear(x, Of(layer, $"self_attn.{projection}.weight"), Config.HasBiases ? Of(layer, $"self_attn.{projection}.bias") : null)
            .view(x.shape[0], x.shape[1], heads, Config.HeadSize).transpose(1, 2);

    private torch.Tensor HeadNorm(int layer, string weight, torch.Tensor heads) =>
        Config.HasHeadNorms ? Normalise(heads, Of(layer, weight)) : heads;

    // One key and value head a query head: SDPA here has no grouped form, and causal masking needs rows to be positions.
    private torch.Tensor Spread(torch.Tensor heads)
    {
        if (Config.QueriesPerKey == 1)
        {
            return heads;
        }

        (long batch, long length) = (heads.shape[0], heads.shape[2]);
        return heads.unsqueeze(2).expand(batch, Config.KeyValueHeads, Config.QueriesPerKey, length, Config.HeadSize)
            .reshape(batch, Config.Heads, length, Config.HeadSize);
    }

    private static torch.Tensor Rotate(torch.Tensor heads, torch.Tensor cos, torch.Tensor sin)
    {
        torch.Tensor[] halves = heads.chunk(2, -1);
        return torch.cat([halves[0] * cos - halves[1] * sin, (halves[1] * cos).Plus(halves[0] * sin)], -1);
    }

    private torch.Tensor FeedForward(int layer, torch.Tensor x)
    {
        torch.Tensor gate = functional.silu(functional.linear(x, Of(layer, "mlp.gate_proj.weight")));
        torch.Tensor up = functional.linear(x, Of(layer, "mlp.up_proj.weight"));
        return functional.linear(gate * up, Of(layer, "mlp.down_proj.weight"));
    }
}
