using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// One layer's weights as a sampler uses them: transposed, joined, norms folded in. In half precision norms stay apart: a product of two
/// numbers of the checkpoint would be rounded anew.
/// </summary>
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

    /// <summary>Whether norms are part of the matrices that follow them.</summary>
    public bool Folded => Joined.dtype == torch.ScalarType.Float32;

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

    /// <summary>The norm before <see cref="Joined"/>, part of it where <see cref="Folded"/>, [hidden].</summary>
    public torch.Tensor Before { get; }

    /// <summary>The norm before <see cref="GateUp"/>, part of it where <see cref="Folded"/>, [hidden].</summary>
    public torch.Tensor Between { get; }

    /// <summary>Joins the weights of a layer; to be called inside a dispose scope.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layer">Which.</param>
    /// <param name="of">A weight by its full name; asked once each.</param>
    /// <param name="type">Element type of the matrices, fp32 or bf16.</param>
    public static FusedLayer From(ModelConfig config, int layer, Func<string, torch.Tensor> of, torch.ScalarType type)
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
        bool folds = type == torch.ScalarType.Float32;
        torch.Tensor joined = Transposed(folds ? before : null, () => torch.cat(
            [Pairs(Of("self_attn.q_proj.weight"), config.Heads), Pairs(Of("self_attn.k_proj.weight"), config.KeyValueHeads), Of("self_attn.v_proj.weight")]), type);
        torch.Tensor gateUp = Transposed(folds ? between : null, () => torch.cat([Of("mlp.gate_proj.weight"), Of("mlp.up_proj.weight")]), type);
        return new FusedLayer(
            joined, bias, headNorm, Transposed(null, () => Of("self_attn.o_proj.weight"), type), gateUp, Transposed(null, () => Of("mlp.down_proj.weight"), type), before, between);
    }

    /// <summary>As <see cref="From"/>, out of files; the matrices are filled by <see cref="FusedReader.Fill()"/>.</summary>
    public static FusedLayer Read(ModelConfig config, int layer, FusedReader reader)
    {
        string Name(string name) => WeightShapes.Of(layer, name);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor? bias = config.HasBiases
            ? torch.cat([
                RotaryPairs.Of(reader.Single(Name("self_attn.q_proj.bias")), config.Heads), RotaryPairs.Of(reader.Single(Name("self_attn.k_proj.bias")), config.KeyValueHeads),
                reader.Single(Name("self_attn.v_proj.bias"))])
            : null;
        torch.Tensor? headNorm = config.HasHeadNorms
            ? RotaryPairs.OfNorms(config, reader.Single(Name(WeightShapes.QueryNorm)), reader.Single(Name(WeightShapes.KeyNorm)))
            : null;
        int turned = (config.Heads + config.KeyValueHeads) * config.HeadSize;
        (string before, string between) = (Name("input_layernorm.weight"), Name("post_attention_layernorm.weight"));
        return new FusedLayer(
            reader.Turned(
                [Name("self_attn.q_proj.weight"), Name("self_attn.k_proj.weight"), Name("self_attn.v_proj.weight")], before, row => row < turned ? RotaryPairs.Source(row, config.HeadSize) : row),
            bias, headNorm, reader.Turned([Name("self_attn.o_proj.weight")], null), reader.Turned([Name("mlp.gate_proj.weight"), Name("mlp.up_proj.weight")], between),
            reader.Turned([Name("mlp.down_proj.weight")], null), reader.Single(before), reader.Single(between));
    }

    /// <summary>A matrix's transpose, a norm's weights multiplied in; what it is made of is freed at once.</summary>
    /// <param name="norm">[columns]; null for none.</param>
    /// <param name="make">Makes the matrix, [rows, columns].</param>
    /// <param name="type">Its element type; norms can be multiplied into fp32 alone.</param>
    internal static torch.Tensor Transposed(torch.Tensor? norm, Func<torch.Tensor> make, torch.ScalarType type = torch.ScalarType.Float32)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor transposed = make().to(type).t().contiguous();
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
