namespace Etr.Policy.Models;

/// <summary>The weights of a decoder: Hugging Face's name and the shape of each, in a fixed order.</summary>
public static class WeightShapes
{
    /// <summary>Name of the embedding, [vocabulary, hidden].</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>Name of the final norm, [hidden].</summary>
    public const string Norm = "model.norm.weight";

    /// <summary>Name of an untied head, [vocabulary, hidden].</summary>
    public const string Head = "lm_head.weight";

    /// <summary>A layer's norm of the heads of q, [head size].</summary>
    public const string QueryNorm = "self_attn.q_norm.weight";

    /// <summary>A layer's norm of the heads of k, [head size].</summary>
    public const string KeyNorm = "self_attn.k_norm.weight";

    /// <summary>Every weight a model of this configuration has.</summary>
    public static IReadOnlyList<(string Name, long[] Shape)> Of(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long hidden = config.HiddenSize;
        long queries = (long)config.Heads * config.HeadSize;
        long keys = (long)config.KeyValueHeads * config.HeadSize;
        var shapes = new List<(string, long[])> { (Embedding, [config.VocabularySize, hidden]) };
        for (int layer = 0; layer < config.Layers; layer++)
        {
            shapes.Add((Of(layer, "input_layernorm.weight"), [hidden]));
            shapes.Add((Of(layer, "self_attn.q_proj.weight"), [queries, hidden]));
            Biased(layer, "q", queries);
            shapes.Add((Of(layer, "self_attn.k_proj.weight"), [keys, hidden]));
            Biased(layer, "k", keys);
            shapes.Add((Of(layer, "self_attn.v_proj.weight"), [keys, hidden]));
            Biased(layer, "v", keys);
            shapes.Add((Of(layer, "self_attn.o_proj.weight"), [hidden, queries]));
            if (config.HasHeadNorms)
            {
                shapes.Add((Of(layer, QueryNorm), [config.HeadSize]));
                shapes.Add((Of(layer, KeyNorm), [config.HeadSize]));
            }

            shapes.Add((Of(layer, "post_attention_layernorm.weight"), [hidden]));
            shapes.Add((Of(layer, "mlp.gate_proj.weight"), [config.IntermediateSize, hidden]));
            shapes.Add((Of(layer, "mlp.up_proj.weight"), [config.IntermediateSize, hidden]));
            shapes.Add((Of(layer, "mlp.down_proj.weight"), [hidden, config.IntermediateSize]));
        }

        shapes.Add((Norm, [hidden]));
        if (!config.TiedHead)
        {
            shapes.Add((Head, [config.VocabularySize, hidden]));
        }

        return shapes;

        void Biased(int layer, string projection, long length)
        {
            if (config.HasBiases)
            {
                shapes.Add((Of(layer, $"self_attn.{projection}_proj.bias"), [length]));
            }
        }
    }

    /// <summary>
    /// Whether a weight is held in half precision where that is asked for: the layers' matrices, and an embedding that is not the head too.
    /// Norms, biases and the head stay fp32: they are small, or decide what sampler and learner think of a token.
    /// </summary>
    public static bool IsHalved(ModelConfig config, string name)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith("_proj.weight", StringComparison.Ordinal) || (name == Embedding && !config.TiedHead);
    }

    /// <summary>Full name of a layer's weight.</summary>
    public static string Of(int layer, string weight) => $"model.layers.{layer}.{weight}";
}
