using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Memory;
using Etr.Policy.Models;

namespace Etr.Policy.Tests.Memory;

public sealed class MemoryPlanTests
{
    // Qwen2.5-0.5B: 494,032,768 weights, of which the tied embedding 136,134,656; heads of 64, two of them for keys.
    private static readonly ModelConfig Half = new()
    {
        VocabularySize = 151_936,
        HiddenSize = 896,
        IntermediateSize = 4864,
        Layers = 24,
        Heads = 14,
        KeyValueHeads = 2,
        HeadSize = 64,
        ContextLength = 32_768,
        TiedHead = true,
        EndTokens = [0],
    };

    [Fact]
    public void Weights_and_caches_are_the_worked_numbers()
    {
        Assert.Equal(494_032_768, Half.ParameterCount);
        var shape = new RolloutShape(Slots: 32, Length: 1000, PromptLength: 100);

        MemoryPlan torch = RolloutMemory.Of(Half, shape);

        // The head is a copy of its own: 4 · (494,032,768 + 136,134,656).
        Assert.Equal(2_520_669_696, Of(torch, "weights"));
        // 1024 positions, each 2 · 2 · 64 · 24 numbers of 4 bytes, 32 times.
        Assert.Equal(32L * 1024 * 24_576, Of(torch, "key-value cache"));
        // Pages of 32 positions instead of steps of 64; the same here, and not at 1000 − 24.
        Assert.Equal(32L * 992 * 24_576, Of(RolloutMemory.Of(Half, shape with { IsCpu = true, Length = 990 }), "key-value cache"));
        Assert.True(Of(RolloutMemory.Of(Half, shape with { IsCpu = true, IsInt8 = true }), "weights") < 0.55 * Of(RolloutMemory.Of(Half, shape with { IsCpu = true }), "weights"));
        Assert.Equal(2 * Of(torch, "weights"), Of(RolloutMemory.Of(Half, shape with { Versions = 2 }), "weights"));
    }

    [Fact]
    public void Versions_of_adapters_share_one_model_and_training_them_moves_nothing_else()
    {
        AdapterConfig adapters = AdapterConfig.Of(new LoraOptions { Rank = 32 });
        var shape = new RolloutShape(32, 1000, 100) { Versions = 3, Adapters = adapters };
        // r · (in + out) of seven matrices in 24 layers.
        const long numbers = 32L * 24 * (896 + 896 + 2 * (896 + 128) + 896 + 896 + 3 * (896 + 4864));

        MemoryPlan rollout = RolloutMemory.Of(Half, shape);
        MemoryPlan training = TrainingMemory.Of(Half, new TrainingOptions { KlCoefficient = 0.01, Lora = new LoraOptions { Rank = 32 } }, 1000);

        Assert.Equal(2_520_669_696, Of(rollout, "weights"));
        Assert.Equal(3 * 4 * numbers, Of(rollout, "adapters"));
        Assert.Equal(2_520_669_696, Of(training, "weights"));
        Assert.Equal(8 * numbers, Of(training, "optimiser"));
        Assert.DoesNotContain(training.Uses, use => use.Name == "reference");
        Assert.True(training.Bytes < 0.6 * TrainingMemory.Of(Half, new TrainingOptions { KlCoefficient = 0.01 }, 1000).Bytes);
    }

    [Fact]
    public void What_asks_for_more_takes_more_and_what_saves_takes_less()
    {
        var options = new TrainingOptions { MicroBatchTokens = 4096 };
        long usual = TrainingMemory.Of(Half, options, 1000).Bytes;

        Assert.True(TrainingMemory.Of(Half, options with { Checkpointing = true }, 1000).Bytes < usual);
        Assert.True(TrainingMemory.Of(Half, options with { MicroBatchTokens = 1024 }, 1000).Bytes < usual);
        Assert.True(TrainingMemory.Of(Half, options, 8000).Bytes > usual);
        Assert.True(TrainingMemory.Of(Half, options with { KlCoefficient = 0.1 }, 1000).Bytes > usual);
        Assert.True(TrainingMemory.Of(Half, options with { Epochs = 2 }, 1000).Bytes > usual);
        Assert.True(TrainingMemory.Of(Half with { Layers = 48 }, options, 1000).Bytes > usual);
    }

    private static long Of(MemoryPlan plan, string name) => plan.Uses.Single(use => use.Name == name).Bytes;
}
