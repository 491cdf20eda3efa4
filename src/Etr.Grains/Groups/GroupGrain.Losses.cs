using Etr.Grains.Samplers;
using Etr.Grains.Tracing;

namespace Etr.Grains.Groups;

/// <summary>
/// What a group does about leases that were lost. Slots lost with a process make it suspect: they are drawn alone until a trace
/// has come to its end so. Only a process lost while it drew this group alone counts, since only then is there no one else to
/// blame; three of them end the group.
/// </summary>
internal sealed partial class GroupGrain
{
    private const int MostCrashesAlone = 3;

    // What may be spent on a last write when the group's host goes down in good order.
    private static readonly TimeSpan LastWrite = TimeSpan.FromSeconds(5);

    public Task LeasesVoidedAsync(Guid[] leases, string reason, bool crashed)
    {
        Lose(leases, reason, crashed);
        return Task.CompletedTask;
    }

    private async Task VoidDeadLeasesAsync()
    {
        foreach (var held in _slots!.Leases.ToArray())
        {
            DeadLeases dead = await Pool.FindDeadAsync(held.Key.Sampler, held.Key.Epoch, held.Key.Silo, [.. held]);
            if (dead.Leases.Length > 0)
                Lose(dead.Leases, dead.Crashed ? "their silo is gone" : "the pool does not know them", dead.Crashed);
        }
    }

    // A crash is counted with the lease it took: both are in memory until both are on disk, so it counts once, whoever tells.
    private void Lose(Guid[] leases, string reason, bool crashed)
    {
        bool alone = _slots?.HasAlone(leases) ?? false;
        if (_slots is null || _slots.Void(leases) is not (> 0 and var live))
            return;
        GroupSpans.Voided(Group, live, crashed);
        string trouble = "";
        if (crashed)
        {
            Group.Suspect = true;
            if (alone)
            {
                Group.CrashesAlone++;
                _metrics.CrashedAlone();
                trouble = $"; drawn alone, it lost {Group.CrashesAlone} of at most {MostCrashesAlone} processes";
            }
        }

        Fault($"{live} leases voided: {reason}{trouble}");
        Change();
        _pump.Wake();
    }

    private async Task SaveLastAsync(CancellationToken cancellationToken)
    {
        if (!_dirty || Group.Phase != GroupPhase.Rolling)
            return;
        try
        {
            await _writer.WriteAsync().WaitAsync(LastWrite, _time, cancellationToken);
        }
        catch (Exception exception)
        {
            // Fenced, or the store is away: the next activation draws again what is not on disk.
            LogProgressLost(Spec.Run, Spec.Ordinal, exception);
        }
    }
}
