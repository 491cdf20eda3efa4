using Etr.Grains.Silos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Etr.Grains.Samplers;

/// <summary>Keeps this silo's samplers in the pool: a heartbeat each, from the moment the silo is active until it stops.</summary>
internal sealed partial class SamplerHost(
    IServiceProvider services,
    IGrainFactory grains,
    IOptions<SiloOptions> silo,
    IOptions<EtrGrainOptions> options,
    TimeProvider time,
    ILogger<SamplerHost> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _beating = Task.CompletedTask;
    private volatile bool _leaves;

    public void Dispose() => _stop.Dispose();

    public void Participate(ISiloLifecycle observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        observer.Subscribe(nameof(SamplerHost), ServiceLifecycleStage.Active, StartAsync, StopAsync);
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        if (services.GetService<IRolloutEngineProvider>() is { Devices.Count: > 0 } provider)
            _beating = Task.WhenAll(provider.Devices.Select(device => Task.Run(() => BeatAsync(device), CancellationToken.None)));
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        // A stop that is cancelled from the start is no stop in good order: the silo goes as if killed, without a farewell.
        _leaves = !cancellationToken.IsCancellationRequested;
        await _stop.CancelAsync();
        await _beating.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task BeatAsync(string device)
    {
        var sampler = grains.GetGrain<ISamplerGrain>(ISamplerGrain.KeyOf(silo.Value.SiloName, device));
        using var timer = new PeriodicTimer(options.Value.Heartbeat, time);

        // The pool, or this sampler's entry in the grain directory, may have been on a silo that was lost: both are back with a beat.
        var watch = new SiloWatch(services.GetRequiredService<ISiloStatusOracle>(), () => _ = BeatOnceAsync(sampler, device));
        try
        {
            do
            {
                await BeatOnceAsync(sampler, device);
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_leaves)
        {
            await LeaveAsync(sampler, device);
        }
        catch (OperationCanceledException)
        {
            // Killed.
        }
        finally
        {
            watch.End();
        }
    }

    private async Task BeatOnceAsync(ISamplerGrain sampler, string device)
    {
        try
        {
            await sampler.HeartbeatAsync().WaitAsync(_stop.Token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            LogMissed(device, exception);
        }
    }

    private async Task LeaveAsync(ISamplerGrain sampler, string device)
    {
        try
        {
            await sampler.LeaveAsync();
        }
        catch (Exception exception)
        {
            LogMissed(device, exception);
        }
    }

    [LoggerMessage(EventId = 1306, Level = LogLevel.Warning, Message = "The sampler of {Device} could not reach the pool; it tries again.")]
    private partial void LogMissed(string device, Exception exception);
}
