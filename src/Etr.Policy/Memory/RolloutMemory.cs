using Etr.Policy.Models;

namespace Etr.Policy.Memory;

/// <summary>
/// What a rollout engine takes: weights (fp32, with a head of its own), keys and values of slots × length, and what it computes with.
/// </summary>
public static class RolloutMemory
{
    private const double Single = sizeof(float);

    // Positions by which the torch engine's cache grows, and those of a page of the CPU engine's.
    private const int CacheStep = 64;
    private const int PagePositions = 32;

    // Bytes that drawing takes a logit: the logits, their log-softmax and its exponential, a product, and in doubles the weights and their sums.
    private const double DrawingBytes = 37;

    // Tokens of prompts that the CPU engine reads at once, whatever there is.
    private const int CpuPromptRows = 256;

    /// <summary>The plan.</summary>
    public static MemoryPlan Of(ModelConfig model, RolloutShape shape)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shape);
        bool shared = shape.Adapters is not null && !shape.IsCpu;
        double weights = shape.IsCpu ? CpuWeights(model, shape.IsInt8) : TorchWeights(model);
        return MemoryPlan.Of(
            ("weights", weights * (shared ? 1 : shape.Versions)),
            ("adapters", shared ? Single * ModelSizes.Adapters(model, shape.Adapters!) * shape.Versions : 0),
            ("key-value cache", Cache(model, shape)),
            ("drawing", shape.Slots * (double)model.VocabularySize * (shape.IsCpu ? Single : DrawingBytes)),
            ("activations", Single * Rows(shape) * (3.0 * model.HiddenSize + 2 * ModelSizes.Joined(model) + 3 * ModelSizes.Queries(model) + 4.0 * model.IntermediateSize)));
    }

    private static double Rows(RolloutShape shape) =>
        shape.IsCpu ? Math.Max(shape.Slots, CpuPromptRows) : Math.Max(1, shape.PromptLength) * (double)shape.Slots;

    private static double TorchWeights(ModelConfig model) => Single * (model.ParameterCount + (model.TiedHead ? ModelSizes.Vocabulary(model) : 0));

    private static double CpuWeights(ModelConfig model, bool int8)
    {
        static double Padded(double outputs) => Math.Ceiling(outputs / 64) * 64;
        double layer = Padded(ModelSizes.Joined(model)) * model.HiddenSize + Padded(model.HiddenSize) * ModelSizes.Queries(model)
            + 2 * Math.Ceiling(model.IntermediateSize / 32.0) * 32 * model.HiddenSize + Padded(model.HiddenSize) * model.IntermediateSize;
        return Single * ModelSizes.Vocabulary(model) + (int8 ? 1 : Single) * (model.Layers * layer + Padded(model.VocabularySize) * model.HiddenSize);
    }

    private static double Cache(ModelConfig model, RolloutShape shape)
    {
        int step = shape.IsCpu ? PagePositions : CacheStep;
        return Single * shape.Slots * Math.Ceiling(shape.Length / (double)step) * step * ModelSizes.KeyValues(model);
    }
}
