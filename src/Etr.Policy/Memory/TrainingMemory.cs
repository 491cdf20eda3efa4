using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Training.Lanes;
using Etr.Policy.Training.Passes;

namespace Etr.Policy.Memory;

/// <summary>
/// What a learner takes: P weights in fp32 with their joined copies, gradients and AdamW's two moments, and the activations of one
/// micro-batch. Under adapters the weights are held once and everything that moves is the adapters'.
/// </summary>
public static class TrainingMemory
{
    private const double Single = sizeof(float);

    // Behind the last layer: the stream, normalised and not, what that takes, and the gradient of each.
    private const double HiddenCopies = 5;

    /// <summary>The plan.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The update.</param>
    /// <param name="length">Tokens of the longest sequence, prompt included: a micro-batch holds at least one.</param>
    /// <param name="half">Whether weights that stand still under adapters are held in bf16.</param>
    /// <param name="threads">Threads of a trainer on a CPU, where micro-batches are trained side by side; 1 for any other.</param>
    public static MemoryPlan Of(ModelConfig model, TrainingOptions options, int length, bool half = false, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        double trained = Single * (options.Lora.IsOn() ? ModelSizes.Adapters(model, AdapterConfig.Of(options.Lora)) : model.ParameterCount);
        double gathered = trained + (options.Lora.IsOn() ? 0 : Single * ModelSizes.JoinedMatrices(model));
        int lanes = StepLanes.CountFor(TorchSharp.DeviceType.CPU, threads, options.MicroBatchTokens, (long)trained);
        double tokens = Math.Max(options.MicroBatchTokens, lanes * (double)length);
        bool several = options.MiniBatches * (long)options.Epochs > 1;
        return MemoryPlan.Of(
        [
            .. options.Lora.IsOn() ? Adapters(model, options, several, half) : Whole(model, options, several),
            ("gradients of other lanes", (lanes - 1) * gathered),
            .. Passes(model, options, tokens, half),
        ]);
    }

    private static IEnumerable<(string Name, double Bytes)> Whole(ModelConfig model, TrainingOptions options, bool several)
    {
        double weights = Single * model.ParameterCount;
        double joined = Single * ModelSizes.JoinedMatrices(model);
        return
        [
            ("weights", weights + joined), ("gradients", weights + joined), ("optimiser", 2 * weights),
            ("reference", options.KlCoefficient > 0 ? weights + joined : 0), ("step taken back", several ? 3 * weights : 0),
        ];
    }

    private static IEnumerable<(string Name, double Bytes)> Adapters(ModelConfig model, TrainingOptions options, bool several, bool half)
    {
        double adapters = Single * ModelSizes.Adapters(model, AdapterConfig.Of(options.Lora));
        return [("weights", ModelSizes.StandingBytes(model, half)), ("adapters", adapters), ("gradients", adapters), ("optimiser", 2 * adapters), ("step taken back", several ? 3 * adapters : 0)];
    }

    private static IEnumerable<(string Name, double Bytes)> Passes(ModelConfig model, TrainingOptions options, double tokens, bool half)
    {
        double layer = (options.Lora.IsOn() ? AdaptedLayer(model, options.Lora, half) : Layer(model)) * tokens * Single;
        double input = model.HiddenSize * tokens * Single;
        // With checkpointing each layer keeps its input, and one at a time is computed whole. On the way back a layer's gradients are beside it:
        // but by then the logits are gone.
        double kept = options.Checkpointing ? model.Layers * input : model.Layers * layer;
        double way = options.Checkpointing ? 2 * layer : layer;
        double logits = LogitCopies(options) * Single * Math.Min(tokens * model.VocabularySize, TrainingPass.MostLogits);
        return [("activations", kept + HiddenCopies * input), ("at work", Math.Max(way, logits))];
    }

    // Logits, their log-softmax, its exponential and the gradient are there at once; where the entropy pulls, a product more.
    private static double LogitCopies(TrainingOptions options) => options.EntropyCoefficient > 0 || options.EntropyTarget is not null ? 5 : 4;

    // Elements a token that a layer keeps for its way back, in the order in which TrainingDecoder makes them.
    private static double Layer(ModelConfig model)
    {
        double queries = ModelSizes.Queries(model);
        double attention = ModelSizes.Joined(model) + Turned(model) * (model.HasHeadNorms ? 3 : 1) + (model.QueriesPerKey > 1 ? 2 * queries : 0) + 2 * queries;
        return 4.0 * model.HiddenSize + attention + 4.0 * model.IntermediateSize;
    }

    // Under adapters products with what stands still keep nothing; an adapter keeps its input, and what lies between A and B. In half
    // precision attention keeps its operands in that.
    private static double AdaptedLayer(ModelConfig model, LoraOptions lora, bool half)
    {
        double queries = ModelSizes.Queries(model);
        double spread = model.QueriesPerKey > 1 ? 2 * queries : 2.0 * model.KeyValueHeads * model.HeadSize;
        double attention = half ? (queries + spread + queries) / 2 + queries : Turned(model) + spread + queries;
        double norms = model.HasHeadNorms ? 2 * Turned(model) : 0;
        // Dropout keeps a mask and what is left for each adapter: of three on one stream, of two on the other, and of one each on the rest.
        double dropped = lora.Dropout > 0 ? 2 * (5.0 * model.HiddenSize + queries + model.IntermediateSize) : 0;
        return 4.0 * model.HiddenSize + attention + norms + 4.0 * model.IntermediateSize + dropped + (double)lora.Rank * lora.TargetNames().Count;
    }

    private static double Turned(ModelConfig model) => ModelSizes.Queries(model) + (double)model.KeyValueHeads * model.HeadSize;
}
