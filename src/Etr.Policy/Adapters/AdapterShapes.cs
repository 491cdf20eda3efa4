using Etr.Policy.Models;

namespace Etr.Policy.Adapters;

/// <summary>The weights of adapters: PEFT's name and the shape of each, in a fixed order.</summary>
public static class AdapterShapes
{
    private static readonly (string Name, string Module)[] Known =
    [
        ("q_proj", "self_attn.q_proj"), ("k_proj", "self_attn.k_proj"), ("v_proj", "self_attn.v_proj"), ("o_proj", "self_attn.o_proj"),
        ("gate_proj", "mlp.gate_proj"), ("up_proj", "mlp.up_proj"), ("down_proj", "mlp.down_proj"),
    ];

    /// <summary>Names of a layer's linear layers.</summary>
    public static IReadOnlyList<string> Projections { get; } = [.. Known.Select(known => known.Name)];

    /// <summary>Every weight of these adapters on a model of this shape: A [r, in], then B [out, r], target by target.</summary>
    public static IReadOnlyList<(string Name, long[] Shape)> Of(ModelConfig model, AdapterConfig adapter)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(adapter);
        var shapes = new List<(string, long[])>();
        for (int layer = 0; layer < model.Layers; layer++)
        {
            foreach (string target in adapter.Targets)
            {
                (long rows, long columns) = SizeOf(model, target);
                shapes.Add((NameOfA(layer, target), [adapter.Rank, columns]));
                shapes.Add((NameOfB(layer, target), [rows, adapter.Rank]));
            }
        }

        return shapes;
    }

    /// <summary>Name of the weight that an adapter adds to, as the model has it.</summary>
    public static string WeightOf(int layer, string target) => WeightShapes.Of(layer, $"{ModuleOf(target)}.weight");

    /// <summary>Name of A.</summary>
    public static string NameOfA(int layer, string target) => $"base_model.model.model.layers.{layer}.{ModuleOf(target)}.lora_A.weight";

    /// <summary>Name of B.</summary>
    public static string NameOfB(int layer, string target) => $"base_model.model.model.layers.{layer}.{ModuleOf(target)}.lora_B.weight";

    /// <summary>Outputs and inputs of a linear layer.</summary>
    internal static (long Rows, long Columns) SizeOf(ModelConfig model, string target)
    {
        long queries = (long)model.Heads * model.HeadSize;
        long keys = (long)model.KeyValueHeads * model.HeadSize;
        return target switch
        {
            "q_proj" => (queries, model.HiddenSize),
            "k_proj" or "v_proj" => (keys, model.HiddenSize),
            "o_proj" => (model.HiddenSize, queries),
            "gate_proj" or "up_proj" => (model.IntermediateSize, model.HiddenSize),
            "down_proj" => (model.HiddenSize, model.IntermediateSize),
            _ => throw new ArgumentException($"'{target}' is none of {string.Join(", ", Projections)}", nameof(target)),
        };
    }

    private static string ModuleOf(string target) => Array.Find(Known, known => known.Name == target).Module;
}
