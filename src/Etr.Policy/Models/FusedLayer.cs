using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>One layer's weights as a sampler uses them: transposed, joined, norms folded in.</summary>
internal sealed class FusedLayer : IDisposable
{
    private FusedLayer(torch.Tensor joined, torch.Tensor? joinedBias, torch.Tensor? headNorm, torch.Tensor output, torch.Tensor gateUp, torch.Tensor down, torch.Tensor before, torch.Tensor between)
    {
        Joined = joined.DetachFromDisposeScope();
        JoinedBias = joinedBias?.DetachFromDisposeScope();
        HeadNorm = headNorm?.DetachFromDisposeScope();
        Output = output.DetachFromDisposeScope();
        GateUp = gateUp.DetachFromDisposeScope();
        Down = down.DetachFromDisposeScope();
        Before = before.DetachFromDisposeScope();
        Between = between.DetachFromDisposeScope();
    }

    /// <summary>q, k and v: [hidden, (heads + 2 · kv heads) · size], with q and k in rotary pairs.</summary>
    public torch.Tensor Joined { get; }

    /// <summary>Their biases; null where the architecture has none.</summary>
    public torch.Tensor? JoinedBias { get; }

    /// <summary>Norms of the heads of q and k, a row a head, in rotary pairs: [heads + kv heads, size]; null where it has none.</summary>
    public torch.Tensor? HeadNorm { get; }

    /// <summary>[heads · size, hidden].</summary>
    public torch.Tensor Output { get; }

    /// <summary>[hidden, 2 · intermediate].</summary>
    public torch.Tensor GateUp { get; }

    /// <summary>[intermediate, hidden].</summary>
    public torch.Tensor Down { get; }

    /// <summary>The norm that is part of <see cref="Joined"/>, [hidden].</summary>
    public torch.Tensor Before { get; }

    /// <summary>The norm that is part of <see cref="GateUp"/>, [hidden].</summary>
    public torch.Tensor Between { get; }

    /// <summary>Joins the weights of a layer; to be called inside a dispose scope.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layer">Which.</param>
    /// <param name="of">A weight by its full name; asked once each.</param>
    public static FusedLayer From(ModelConfig config, int layer, Func<string, torch.Tensor> of)
    {
        torch.Tensor Of(string name) => of(WeightShapes.Of(layer, name));
        torch.Tensor Pairs(torch.Tensor rows, int heads) => RotaryPairs.Of(rows, heads);
        torch.Tensor before = Of("input_layernorm.weight");
        torch.Tensor between = Of("post_attention_layernorm.weight");
        torch.Tensor? bias = config.HasBiases
            ? torch.cat([Pairs(Of("self_attn.q_proj.bias"), config.Heads), Pairs(Of("self_attn.k_proj.bias"), config.KeyValueHeads), Of("self_attn.v_proj.bias")])
            : null;
        torch.Tensor? headNorm = config.HasHeadNorms
            ? RotaryPairs.OfNorms(config, Of(WeightShapes.QueryNorm), Of(WeightShapes.KeyNorm))
            : null;
        torch.Tensor joined = Transposed(before, () => torch.cat(
            [Pairs(Of("self_attn.q_proj.weight"), config.Heads), Pairs(Of("self_attn.k_proj.weight"), config.KeyValueHeads), Of("self_attn.v_proj.weight")]));
        torch.Tensor gateUp = Transposed(between, () => torch.cat([Of("mlp.gate_proj.weight"), Of("mlp.up_proj.weight")]));
        return new FusedLayer(
            joined, bias, headNorm, Transposed(null, () => Of("self_attn.o_proj.weight")), gateUp, Transposed(null, () => Of("mlp.down_proj.weight")), before, between);
    }

    /// <summary>A matrix's transpose, a norm's weights multiplied in; what it is made of is freed at once.</summary>
    /// <param name="norm">[columns]; null for none.</param>
    /// <param name="make">Makes the matrix, [rows, columns].</param>
    internal static torch.Tensor Transposed(torch.Tensor? norm, Func<torch.Tensor> make)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor transposed = make().t().contiguous();
        return (norm is null ? transposed : transposed.mul_(norm.unsqueeze(1))).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Joined.Dispose();
        JoinedBias?.Dispose();
        HeadNorm?.Dispose();
        Output.Dispose();
        GateUp.Dispose();
        Down.Dispose();
        Before.Dispose();
        Between.Dispose();
    }
}
