using Etr.Core.Gaps;
using Etr.Grains.Runs;

namespace Etr.Grains.Groups;

/// <summary>What the learner made of a group's tokens.</summary>
internal sealed partial class GroupGrain
{
    public async Task<GroupGaps> GetGapsAsync()
    {
        switch (Group.Phase)
        {
            case GroupPhase.Consumed:
                break;
            case GroupPhase.Stale or GroupPhase.Cancelled:
                return GroupGaps.Without(GapState.NeverTrained);
            default:
                return GroupGaps.Without(GapState.NotTrained);
        }

        // The step of a group that is asked about after many others have been is not known any more.
        if (Group.Step == 0)
            return GroupGaps.Without(GapState.Unreadable);
        // The run may hear of the step after the group does.
        if (await GrainFactory.GetGrain<IRunGrain>(Spec.Run).GetStepAsync(Group.Step) is not { } step)
            return GroupGaps.Without(GapState.NotTrained);
        return step.GapsSha256.Length == 0 ? GroupGaps.Without(GapState.NotKept) : await ReadGapsAsync(step.GapsSha256);
    }

    private async Task<GroupGaps> ReadGapsAsync(string sha256)
    {
        try
        {
            StepGaps step = StepGapsCodec.Read(await _files.ReadGapsAsync(_context!.Place, sha256, CancellationToken.None), Spec.Ordinal);
            return new GroupGaps
            {
                State = GapState.Known,
                Traces = [.. step.Traces.Select(trace => new SlotGaps(trace.Slot, trace.UpdatesBefore, [.. trace.Values.Select(gap => (float)gap)]))],
            };
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return GroupGaps.Without(GapState.Unreadable);
        }
    }
}
