namespace Etr.Grains.Silos;

/// <summary>
/// Tells a grain, on its own scheduler, when membership has called a silo dead: at once, where a timer would look late.
/// </summary>
internal sealed class SiloWatch : ISiloStatusListener
{
    private readonly ISiloStatusOracle _silos;
    private readonly Action _onDeath;
    private readonly TaskScheduler _scheduler;
    private volatile bool _ended;

    /// <summary>Made on the grain's scheduler. Membership holds its listeners weakly: whoever watches keeps the watch.</summary>
    public SiloWatch(ISiloStatusOracle silos, Action onDeath)
    {
        (_silos, _onDeath, _scheduler) = (silos, onDeath, TaskScheduler.Current);
        silos.SubscribeToSiloStatusEvents(this);
    }

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead && !_ended)
            _ = Task.Factory.StartNew(Tell, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
    }

    public void End()
    {
        _ended = true;
        _silos.UnSubscribeFromSiloStatusEvents(this);
    }

    private void Tell()
    {
        if (!_ended)
            _onDeath();
    }
}
