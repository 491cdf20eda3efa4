using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Memory;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Policy.Tests.Rollouts;
using Etr.Policy.Tests.Training;
using Etr.Policy.Training;
using TorchSharp;

namespace Etr.Policy.Tests.Devices;

/// <summary>What only a GPU can show; skipped with a reason where there is none.</summary>
[Trait("Category", "GPU")]
public sealed class CudaTests
{
    private const string Device = "cuda:0";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void The_torch_engine_on_the_device_computes_what_the_cpu_engine_does()
    {
        EngineParity parity = EngineParity.Measure(Start());
        Assert.InRange(parity.FullGap, 0, 1e-2);
        Assert.InRange(parity.HalfGap, 0, 0.5);
    }

    [Fact]
    public void It_multiplies_in_every_type() => Assert.All(DeviceProbe.Probe(Start()), probe => Assert.Null(probe.Problem));

    [Fact]
    public void The_driver_says_how_much_memory_it_has()
    {
        Start();
        Assert.InRange(DeviceMemory.Of(Device) ?? 0, 1L << 30, 1L << 42);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Greedy_traces_are_those_of_the_cpu_or_nearly(bool half)
    {
        Start();
        using var model = new TinyModel();
        PolicyRef policy = model.Version(0);
        List<SampledToken> expected = await DrawAsync(model, policy, new RolloutEngineOptions { Threads = 1 });

        List<SampledToken> drawn = await DrawAsync(model, policy, new RolloutEngineOptions { Threads = 1, Device = Device, HalfPrecision = half });

        Assert.Equal(expected[0].Id, drawn[0].Id);
        Assert.Equal(expected[0].LogProb, drawn[0].LogProb, half ? 0.3f : 1e-2f);
    }

    [Fact]
    public void A_step_has_the_gradient_of_the_cpu()
    {
        TorchRuntime runtime = Start();
        using var policy = new TinyPolicy();
        TrainingBatch batch = TinyPolicy.Batch(1);
        using Learner here = Learner.Open(policy.Folder, new TrainingOptions(), TinyPolicy.Temperature, TorchRuntime.Start("cpu", 1));
        using Learner there = Learner.Open(policy.Folder, new TrainingOptions(), TinyPolicy.Temperature, runtime);

        TrainingStep expected = here.Step(batch, Cancellation);
        TrainingStep step = there.Step(batch, Cancellation);

        Assert.Equal(expected.Loss, step.Loss, 1e-3);
        Assert.Equal(expected.GradientNorm, step.GradientNorm, 1e-2 * expected.GradientNorm);
    }

    [Fact]
    public void An_allocation_beyond_the_device_is_recognised()
    {
        TorchRuntime runtime = Start();
        Exception failure = Assert.ThrowsAny<Exception>(() => torch.empty(1L << 44, device: runtime.Device));
        Assert.True(MemoryExhaustion.Is(failure), failure.Message);
    }

    private static TorchRuntime Start()
    {
        Assert.SkipUnless(TorchRuntime.HasCuda(), "this machine has no CUDA device that libtorch can use (build with -p:TorchBackend=cuda on one that has)");
        return TorchRuntime.Start(Device);
    }

    private static async Task<List<SampledToken>> DrawAsync(TinyModel model, PolicyRef policy, RolloutEngineOptions options)
    {
        await using var engine = new TorchRolloutEngine(model.Config, model.Tokenizer, options, new EngineClock(TimeProvider.System));
        var observer = new RecordingObserver(1);
        await engine.SubmitAsync(
            new RolloutRequest("[A]71)+52)-03)*24)+9?", 0, 0, 1, policy, new SamplingOptions { Temperature = 0 }, [new RolloutSlot(0, [])], observer, CancellationToken.None), Cancellation);
        await observer.Done;
        return observer.Trace(0);
    }
}
