using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>One layer's weights as a sampler uses them: transposed, joined, norms folded in.</summary>
internal sealed class FusedLayer : IDisposable
{
    private FusedLayer(torch.Tensor joined, torch.Tensor joinedBias, torch.Tensor output, torch.Tensor gateUp, torch.Tensor down)
    {
        Joined = joined.DetachFromDisposeScope();
        JoinedBias = joinedBias.DetachFromDisposeScope();
        Output = output.DetachFromDisposeScope();
        GateUp = gateUp.DetachFromDisposeScope();
        Down = down.DetachFromDisposeScope();
    }

    /// <summary>q, k and v: [hidden, (heads + 2 · kv heads) · size], with q and k in rotary pairs.</summary>
    public torch.Tensor Joined { get; }

    /// <summary>Their biases.</summary>
    public torch.Tensor JoinedBias { get; }

    /// <summary>[heads · size, hidden].</summary>
    public torch.Tensor Output { get; }

    /// <summary>[hidden, 2 · intermediate].</summary>
    public torch.Tensor GateUp { get; }

    /// <summary>[intermediate, hidden].</summary>
    public torch.Tensor Down { get; }

    /// <summary>Joins layer <paramref name="layer"/> of <paramref name="weights"/>; to be called inside a dispose scope.</summary>
    public static FusedLayer From(DecoderWeights weights, int layer)
    {
        ModelConfig config = weights.Config;
        torch.Tensor Of(string name) => weights[WeightShapes.Of(layer, name)];
        torch.Tensor Pairs(torch.Tensor rows, int heads)
        {
            // [heads, 2, size/2, …] → [heads, size/2, 2, …]
            long[] rest = [.. rows.shape.Skip(1)];
            return rows.view([heads, 2, config.HeadSize / 2, .. rest]).transpose(1, 2).reshape([heads * config.HeadSize, .. rest]);
        }

        torch.Tensor before = Of("input_layernorm.weight");
        torch.Tensor between = Of("post_attention_layernorm.weight");
        torch.Tensor joined = torch.cat(
            [Pairs(Of("self_attn.q_proj.weight"), config.Heads), Pairs(Of("self_attn.k_proj.weight"), config.KeyValueHeads), Of("self_attn.v_proj.weight")]);
        torch.Tensor bias = torch.cat(
            [Pairs(Of("self_attn.q_proj.bias"), config.Heads), Pairs(Of("self_attn.k_proj.bias"), config.KeyValueHeads), Of("self_attn.v_proj.bias")]);
        torch.Tensor gateUp = torch.cat([Of("mlp.gate_proj.weight"), Of("mlp.up_proj.weight")]);
        return new FusedLayer(
            (joined * before).t().contiguous(), bias, Of("self_attn.o_proj.weight").t().contiguous(),
            (gateUp * between).t().contiguous(), Of("mlp.down_proj.weight").t().contiguous());
    }

    public void Dispose()
    {
        Joined.Dispose();
        JoinedBias.Dispose();
        Output.Dispose();
        GateUp.Dispose();
        Down.Dispose();
    }
}
