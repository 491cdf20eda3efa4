using Etr.Core.Rollouts;

namespace Etr.Silo.RemoteSamplers;

/// <summary>A request while a server draws it. Its observer is told one thing at a time, and nothing after a failure.</summary>
internal sealed class RemoteDraw
{
    private readonly Lock _lock = new();
    private readonly RemoteSlot[] _slots;
    private bool _failed;

    /// <exception cref="ArgumentException">The request cannot be drawn.</exception>
    public RemoteDraw(RolloutRequest request, RemoteModel model)
    {
        Request = request;
        Prompt = model.Encode(request);
        if (request.Slots.Count == 0)
            throw new ArgumentException("the request has no slot");
        int longest = Math.Min(request.Sampling.MaxNewTokens, model.Config.ContextLength - Prompt.Count);
        _slots = [.. request.Slots.Select(slot => new RemoteSlot(slot, model, longest))];
    }

    /// <summary>The request.</summary>
    public RolloutRequest Request { get; }

    /// <summary>Its prompt's ids.</summary>
    public IReadOnlyList<int> Prompt { get; }

    /// <summary>Slots that are not over by what they bring.</summary>
    public IReadOnlyList<RemoteSlot> Open => [.. _slots.Where(slot => slot.Ending is null)];

    /// <summary>Tells what is new of a slot; where nobody wants more of it, it ends.</summary>
    public void Report(RemoteSlot slot)
    {
        lock (_lock)
        {
            if (!TryReport(slot))
                slot.Cancel();
        }
    }

    /// <summary>Tells the rest of a slot, and that it is over.</summary>
    public void End(RemoteSlot slot) => End(slot, slot.Ending ?? TraceEnd.Cancelled);

    /// <summary>Tells that a slot is handed back, whatever became of it.</summary>
    public void HandBack(RemoteSlot slot) => End(slot, TraceEnd.Cancelled);

    /// <summary>The request cannot be drawn.</summary>
    public void Fail(string reason)
    {
        lock (_lock)
        {
            if (_failed)
                return;
            _failed = true;
            Request.Observer.OnFailed(reason);
        }
    }

    /// <summary>Tells the end of every slot whose end is not told.</summary>
    public void EndAll()
    {
        foreach (RemoteSlot slot in _slots)
            End(slot);
    }

    private void End(RemoteSlot slot, TraceEnd ending)
    {
        lock (_lock)
        {
            if (slot.Told || _failed)
                return;
            slot.Told = true;
            TryReport(slot);
            Request.Observer.OnEnd(slot.Slot, ending, Prompt);
        }
    }

    private bool TryReport(RemoteSlot slot)
    {
        SampledToken[] tokens = slot.Report();
        return tokens.Length == 0 || _failed || Request.Observer.OnTokens(slot.Slot, tokens);
    }
}
