using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Models;
using Etr.Policy.Pretraining;
using Etr.Policy.Rollouts;
using Etr.Policy.Tests.Rollouts.Cpu;

namespace Etr.Policy.Tests.Rollouts;

public sealed class RolloutEnginesTests
{
    [Theory]
    [InlineData("auto", "cpu", false, true)]
    [InlineData("auto", "cuda:0", false, false)]
    [InlineData("auto", "cpu", true, false)]
    [InlineData("torch", "cpu", false, false)]
    [InlineData("cpu", "cpu", true, true)]
    [InlineData("deterministic", "cuda:0", false, true)]
    public void Small_models_on_the_cpu_are_drawn_with_by_its_own_engine_unless_another_is_named(string engine, string device, bool large, bool cpu)
    {
        ModelConfig config = large ? PretrainRecipe.Model with { HiddenSize = 4096, IntermediateSize = 16384 } : PretrainRecipe.Model;

        Assert.Equal(cpu, RolloutEngines.TakesCpu(new PolicyOptions { Engine = engine, Device = device }, config));
    }

    [Fact]
    public void Weights_in_bytes_are_refused_where_the_torch_engine_would_draw()
    {
        var policy = new PolicyOptions { Path = CpuDecoderTests.ShippedModel(), Engine = "torch", Quantization = "int8" };

        Assert.Throws<ArgumentException>(() => RolloutEngines.Create(policy, new EngineClock(TimeProvider.System)));
    }

    [Theory]
    [InlineData("cpu", "int8", "cpu+int8")]
    [InlineData("auto", "none", "auto")]
    public void An_engine_and_its_weights_travel_as_one_word(string engine, string quantization, string kind)
    {
        var policy = new PolicyOptions { Engine = engine, Quantization = quantization };

        Assert.Equal(kind, policy.ToEngineKind());
        Assert.Equal(policy, new PolicyOptions { Quantization = "int8" }.WithEngineKind(kind));
    }
}
