using Etr.Policy.Models;

namespace Etr.Policy.Memory;

/// <summary>
/// What a rollout engine takes: weights (with a head of its own), keys and values of slots × length or of the cache's budget, and what it
/// computes with: the larger of reading prompts and of drawing a token for every slot, which take turns.
/// </summary>
public static class RolloutMemory
{
    private const double Single = sizeof(float);

    // Positions of a page of the CPU engine.
    private const int PagePositions = 32;

    // Bytes that drawing takes a logit: the logits, their scaled copy, its log-softmax and exponential, their product, and in doubles the
    // weights and their sums, and a comparison.
    private const double DrawingBytes = 37;

    // Tokens of prompts that the CPU engine reads at once, whatever there is.
    private const int CpuPromptRows = 256;

    /// <summary>The plan.</summary>
    public static MemoryPlan Of(ModelConfig model, RolloutShape shape)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shape);
        bool shared = shape.Adapters is not null && !shape.IsCpu;
        double weights = shape.IsCpu ? CpuWeights(model, shape.IsInt8) : ModelSizes.StandingBytes(model, shape.IsHalf);
        return MemoryPlan.Of(
            ("weights", weights * (shared ? 1 : shape.Versions)),
            ("adapters", shared ? Single * ModelSizes.Adapters(model, shape.Adapters!) * shape.Versions : 0),
            ("key-value cache", Cache(model, shape)),
            ("at work", shape.IsCpu ? CpuWork(model, shape) : Math.Max(Reading(model, shape), Drawing(model, shape))));
    }

    private static double CpuWork(ModelConfig model, RolloutShape shape) =>
        Single * (shape.Slots * (double)model.VocabularySize
            + Math.Max(shape.Slots, CpuPromptRows) * (3.0 * model.HiddenSize + 2 * ModelSizes.Joined(model) + 3 * ModelSizes.Queries(model) + 4.0 * model.IntermediateSize));

    // A layer's temporaries for the tokens of one pass, in the order in which CachedDecoder makes them; half precision rounds on the way
    // into each product and back.
    private static double Reading(ModelConfig model, RolloutShape shape)
    {
        double prompts = Math.Max(shape.PromptLength, Math.Min(shape.PromptLength * (double)shape.Slots, CacheBudget.MostPassTokens));
        // Traces that gave way are read again with what they have drawn, as many at once as a pass takes and the cache holds.
        double tokens = shape.CacheTokens > 0 ? Math.Max(prompts, Math.Min(shape.CacheTokens, Math.Max(shape.Length, CacheBudget.MostPassTokens))) : prompts;
        double parts = Math.Min(tokens, CachedDecoder.FeedForwardTokens);
        (double hidden, double joined, double queries, double inner) = (model.HiddenSize, ModelSizes.Joined(model), ModelSizes.Queries(model), model.IntermediateSize);
        double spread = model.QueriesPerKey > 1 ? 2 * queries : 0;
        double adapted = shape.Adapters is null ? 0 : queries;
        return shape.IsHalf
            ? Single * (tokens * (5.5 * hidden + 2 * joined + joined * (model.HasBiases ? 1 : 0) + (spread + 2 * queries) / 2 + adapted) + parts * (4 * hidden + 4.5 * inner))
            : Single * (tokens * (5 * hidden + joined + spread + 2 * queries) + parts * (3 * hidden + 3 * inner));
    }

    // Keys and values of one layer side by side, and the logits.
    private static double Drawing(ModelConfig model, RolloutShape shape)
    {
        double gathered = Math.Min(shape.Slots * Blocks(shape.Length) * CacheBudget.BlockTokens, RowGroup.MostGathered);
        return gathered * ModelSizes.KeyValues(model) / model.Layers * (shape.IsHalf ? 2 : Single) + shape.Slots * (double)model.VocabularySize * DrawingBytes;
    }

    private static double CpuWeights(ModelConfig model, bool int8)
    {
        static double Padded(double outputs) => Math.Ceiling(outputs / 64) * 64;
        double layer = Padded(ModelSizes.Joined(model)) * model.HiddenSize + Padded(model.HiddenSize) * ModelSizes.Queries(model)
            + 2 * Math.Ceiling(model.IntermediateSize / 32.0) * 32 * model.HiddenSize + Padded(model.HiddenSize) * model.IntermediateSize;
        return Single * ModelSizes.Vocabulary(model) + (int8 ? 1 : Single) * (model.Layers * layer + Padded(model.VocabularySize) * model.HiddenSize);
    }

    private static double Cache(ModelConfig model, RolloutShape shape)
    {
        if (shape.IsCpu)
            return Single * shape.Slots * Math.Ceiling(shape.Length / (double)PagePositions) * PagePositions * ModelSizes.KeyValues(model);
        double blocks = shape.Slots * Blocks(shape.Length);
        double held = shape.CacheTokens > 0 ? Math.Max(1, shape.CacheTokens / CacheBudget.BlockTokens) : blocks;
        return held * CacheBudget.BlockTokens * ModelSizes.KeyValues(model) * (shape.IsHalf ? 2 : Single);
    }

    private static double Blocks(int tokens) => Math.Ceiling(tokens / (double)CacheBudget.BlockTokens);
}
