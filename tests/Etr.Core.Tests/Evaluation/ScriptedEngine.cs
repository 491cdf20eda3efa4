using Etr.Core.Rollouts;

namespace Etr.Core.Tests.Evaluation;

/// <summary>Answers each slot with the tokens a script gives it, at once and on the caller's thread.</summary>
internal sealed class ScriptedEngine(Func<RolloutRequest, uint, IReadOnlyList<SampledToken>> script, int capacity = 4) : IRolloutEngine
{
    public List<RolloutRequest> Requests { get; } = [];

    public string Device => "script";

    public int Capacity => capacity;

    public string? Refusal { get; init; }

    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        Requests.Add(request);
        if (Refusal is not null)
        {
            request.Observer.OnFailed(Refusal);
            return ValueTask.CompletedTask;
        }

        foreach (RolloutSlot slot in request.Slots)
        {
            foreach (SampledToken token in script(request, slot.Slot))
                request.Observer.OnTokens(slot.Slot, [token]);
            request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, [1]);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
