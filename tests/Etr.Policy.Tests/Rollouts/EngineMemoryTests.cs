using Etr.Core.Rollouts;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;

namespace Etr.Policy.Tests.Rollouts;

/// <summary>Measures the process's memory, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(EngineMemoryTests), DisableParallelization = true)]
[Collection(nameof(EngineMemoryTests))]
public sealed class EngineMemoryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Resident_memory_is_flat_over_two_thousand_decode_steps(bool cpu)
    {
        using var model = new TinyModel();
        PolicyRef policy = model.Version(0, scale: 0);
        var options = new RolloutEngineOptions { Threads = 1, Capacity = 8 };
        var clock = new EngineClock(TimeProvider.System);
        await using IRolloutEngine engine = cpu
            ? new CpuRolloutEngine(model.Config, model.Tokenizer, options, clock)
            : new TorchRolloutEngine(model.Config, model.Tokenizer, options, clock);

        await DecodeAsync(engine, policy, steps: 300);
        long before = Environment.WorkingSet;
        await DecodeAsync(engine, policy, steps: 2000);
        long grown = Environment.WorkingSet - before;

        // Undisposed tensors of so many steps come to hundreds of megabytes.
        Assert.True(grown < 48_000_000, $"resident memory grew by {grown / 1e6:F0} MB");
    }

    private static async Task DecodeAsync(IRolloutEngine engine, PolicyRef policy, int steps)
    {
        RolloutSlot[] slots = [.. Enumerable.Range(0, 8).Select(slot => new RolloutSlot((uint)slot, []))];
        for (uint round = 0; steps > 0; round++)
        {
            var observer = new RecordingObserver(slots.Length);
            await engine.SubmitAsync(
                new RolloutRequest("[B]1", 0, round, 1, policy, new SamplingOptions { Temperature = 1 }, slots, observer, CancellationToken.None),
                TestContext.Current.CancellationToken);
            await observer.Done;
            steps -= observer.Endings.Keys.Max(slot => observer.Trace(slot).Count);
        }
    }
}
