using Etr.Core.Rollouts;
using Etr.Grains.Samplers;
using Etr.Silo.Hosting;

namespace Etr.Silo.Silos;

/// <summary>
/// What a silo does before it leaves: its samplers finish or hand back what they draw, and a policy update under way is let
/// finish, since cut off it would be computed again elsewhere. Each has its deadline.
/// </summary>
internal sealed class Draining(EtrHost host, TimeProvider time)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(400);

    /// <summary>Drains; over within 20 s.</summary>
    public async Task RunAsync() => await Task.WhenAll(DrainSamplersAsync(), LetStepFinishAsync()).WaitAsync(Deadline, time)
        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Waits until no policy update is under way, at most 20 s.</summary>
    public async Task LetStepFinishAsync()
    {
        EngineClock clock = host.Services.GetRequiredService<EngineClock>();
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var timer = new PeriodicTimer(Look, time);
        TimeSpan busy = TimeSpan.MinValue;
        while (clock.Busy(EngineRole.Learner) != busy)
        {
            busy = clock.Busy(EngineRole.Learner);
            try
            {
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private Task DrainSamplersAsync() => Task.WhenAll(host.Plan.Card.Devices.Select(device =>
        host.Grains.GetGrain<ISamplerGrain>(ISamplerGrain.KeyOf(host.Plan.Name, device)).DrainAsync(Grace)));
}
