using Etr.Policy.Adapters;
using Etr.Policy.Models;

namespace Etr.Policy.Memory;

/// <summary>Numbers of a model that memory depends on, in elements.</summary>
internal static class ModelSizes
{
    /// <summary>Outputs of q, k and v together.</summary>
    public static double Joined(ModelConfig model) => (model.Heads + 2.0 * model.KeyValueHeads) * model.HeadSize;

    /// <summary>Width of all query heads.</summary>
    public static double Queries(ModelConfig model) => (double)model.Heads * model.HeadSize;

    /// <summary>The embedding, or a head.</summary>
    public static double Vocabulary(ModelConfig model) => (double)model.VocabularySize * model.HiddenSize;

    /// <summary>The matrices that the learner joins, and the head.</summary>
    public static double JoinedMatrices(ModelConfig model) =>
        model.Layers * (Joined(model) * (model.HiddenSize + (model.HasBiases ? 1 : 0)) + 2.0 * model.IntermediateSize * model.HiddenSize) + Vocabulary(model);

    /// <summary>Adapters.</summary>
    public static double Adapters(ModelConfig model, AdapterConfig adapters) =>
        AdapterShapes.Of(model, adapters).Sum(weight => weight.Shape.Aggregate(1.0, (product, length) => product * length));

    /// <summary>
    /// Bytes of the weights that stand still, with a head of their own: fp32, or in half precision what <see cref="WeightShapes.IsHalved"/>
    /// names. The head is fp32 in both.
    /// </summary>
    public static double StandingBytes(ModelConfig model, bool half)
    {
        double bytes = sizeof(float) * (model.ParameterCount + (model.TiedHead ? Vocabulary(model) : 0));
        return half ? bytes - 2 * WeightShapes.Of(model).Where(weight => WeightShapes.IsHalved(model, weight.Name)).Sum(weight => weight.Shape.Aggregate(1.0, (product, length) => product * length)) : bytes;
    }

    /// <summary>Keys and values of a token.</summary>
    public static double KeyValues(ModelConfig model) => 2.0 * model.KeyValueHeads * model.HeadSize * model.Layers;
}
