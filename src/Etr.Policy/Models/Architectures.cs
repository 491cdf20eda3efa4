using Etr.Policy.Checkpoints;

namespace Etr.Policy.Models;

/// <summary>What a <c>config.json</c> calls each architecture, and what it says of no architecture here.</summary>
internal static class Architectures
{
    private static readonly (ModelArchitecture Architecture, string ModelType, string ClassName)[] Known =
    [
        (ModelArchitecture.Qwen2, "qwen2", "Qwen2ForCausalLM"),
        (ModelArchitecture.Qwen3, "qwen3", "Qwen3ForCausalLM"),
        (ModelArchitecture.Llama, "llama", "LlamaForCausalLM"),
        (ModelArchitecture.Mistral, "mistral", "MistralForCausalLM"),
    ];

    /// <summary>Its <c>model_type</c>.</summary>
    public static string ModelTypeOf(ModelArchitecture architecture) => Array.Find(Known, known => known.Architecture == architecture).ModelType;

    /// <summary>Its entry in <c>architectures</c>.</summary>
    public static string ClassNameOf(ModelArchitecture architecture) => Array.Find(Known, known => known.Architecture == architecture).ClassName;

    /// <summary>Reads the architecture, and refuses by name what it does elsewhere and not here.</summary>
    /// <exception cref="CheckpointException">It is none of these, or a field asks for what this program does not do.</exception>
    public static ModelArchitecture Read(ConfigFields fields, int contextLength)
    {
        string found = fields.Text("model_type") ?? throw fields.Wrong("model_type", Names, "no such field");
        int at = Array.FindIndex(Known, known => known.ModelType == found);
        if (at < 0)
            throw fields.Wrong("model_type", Names, $"'{found}'");
        ModelArchitecture architecture = Known[at].Architecture;
        fields.Require("hidden_act", "silu", whereAbsent: "silu");
        fields.RequireAbsentOrFalse("quantization_config");
        RefuseWindows(fields, architecture, contextLength);
        if (architecture != ModelArchitecture.Qwen2)
        {
            fields.RequireAbsentOrFalse("attention_bias");
            fields.RequireAbsentOrFalse("mlp_bias");
        }

        return architecture;
    }

    private static string Names => "one of " + string.Join(", ", Known.Select(known => $"'{known.ModelType}'"));

    // A window that no sequence outgrows changes nothing.
    private static void RefuseWindows(ConfigFields fields, ModelArchitecture architecture, int contextLength)
    {
        fields.RequireAbsentOrFalse("use_sliding_window");
        if (architecture == ModelArchitecture.Mistral && fields.Integer("sliding_window", 1, int.MaxValue, whereAbsent: int.MaxValue) is var window && window < contextLength)
        {
            throw fields.Wrong(
                "sliding_window", $"null, or at least max_position_embeddings ({contextLength}): this decoder has no sliding window; a max_position_embeddings of {window} leaves it inactive", $"{window}");
        }

        if (fields.Texts("layer_types").FirstOrDefault(type => type != "full_attention") is { } other)
            throw fields.Wrong("layer_types", "'full_attention' alone", $"'{other}'");
    }
}
