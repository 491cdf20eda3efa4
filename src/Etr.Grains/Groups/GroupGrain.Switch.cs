using Etr.Grains.Samplers;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Groups;

/// <summary>
/// How a group goes on with a newer policy: what is drawn with an older one is handed back at a token boundary and leased again
/// under the new one, with the tokens so far as prefix (docs/adr/0007).
/// </summary>
internal sealed partial class GroupGrain
{
    private GroupPolicy Policy => Group.Switched ?? new GroupPolicy(Spec.PolicyVersion, Spec.PolicySha256);

    private void Switch(GroupPolicy? newest)
    {
        if (newest is null)
            return;
        if (newest.Version > Policy.Version)
        {
            // Written with the leases that it changes: until then nothing was drawn with it.
            Group.Switched = newest;
        }

        // Asked again at every touch, should a draw have been on its way to its sampler meanwhile.
        foreach (string sampler in _slots!.SamplersBehind(newest.Version))
            _ = HandBackAsync(sampler, newest.Version);
    }

    private async Task HandBackAsync(string sampler, long version)
    {
        try
        {
            await GrainFactory.GetGrain<ISamplerGrain>(sampler).HandBackAsync(this.GetPrimaryKeyString(), version);
        }
        catch (Exception exception)
        {
            // What it draws is drawn with the older policy until the next touch; the staleness bound holds either way.
            LogNotSwitched(Spec.Run, Spec.Ordinal, sampler, exception.Message);
        }
    }

    [LoggerMessage(EventId = 1102, Level = LogLevel.Information, Message = "Run {Run}, group {Ordinal}: {Sampler} could not be asked to switch policies: {Reason}")]
    private partial void LogNotSwitched(string run, long ordinal, string sampler, string reason);
}
