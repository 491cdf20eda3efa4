using Etr.Core.Runs;
using Etr.Grains.Silos;
using Etr.Silo.Engines;

namespace Etr.Silo.Tests.Engines;

public sealed class EngineThreadsTests
{
    private const SiloRoles Both = SiloRoles.Sampler | SiloRoles.Learner | SiloRoles.Store;

    [Theory]
    // In turns: every core for either (0 is one a core).
    [InlineData("sync", 8, 2048, 0, 0)]
    // Side by side: half each, and a lane on every core where lanes reach that far.
    [InlineData("async", 8, 2048, 4, 4)]
    [InlineData("async", 2, 2048, 1, 2)]
    [InlineData("in-flight", 2, 1024, 1, 1)]
    [InlineData("async", 8, 16_384, 4, 8)]
    [InlineData("async", 1, 2048, 1, 1)]
    public void A_silo_that_samples_and_trains_shares_its_cores(string mode, int cores, int tokens, int engine, int trainer)
    {
        RunConfiguration run = Configuration(mode, tokens);
        Assert.Equal((engine, trainer), (EngineThreads.OfEngine(run, Both, cores), EngineThreads.OfTrainer(run, Both, cores)));
    }

    [Fact]
    public void A_silo_that_does_one_of_both_has_every_core_for_it()
    {
        RunConfiguration run = Configuration("async", 2048);
        Assert.Equal(0, EngineThreads.OfEngine(run, SiloRoles.Sampler, 8));
        Assert.Equal(0, EngineThreads.OfTrainer(run, SiloRoles.Learner, 8));
    }

    [Fact]
    public void What_is_asked_for_goes_before_and_deterministic_trains_on_one_thread()
    {
        RunConfiguration run = Configuration("async", 2048);
        RunConfiguration asked = run with { Policy = run.Policy with { Threads = 3 }, Training = run.Training with { Threads = 5 } };
        Assert.Equal((3, 5), (EngineThreads.OfEngine(asked, Both, 8), EngineThreads.OfTrainer(asked, Both, 8)));
        Assert.Equal(1, EngineThreads.OfTrainer(asked with { Policy = asked.Policy with { Engine = "deterministic" } }, Both, 8));
    }

    private static RunConfiguration Configuration(string mode, int microBatchTokens)
    {
        RunConfiguration run = new();
        return run with { Run = run.Run with { Mode = mode }, Training = run.Training with { MicroBatchTokens = microBatchTokens } };
    }
}
