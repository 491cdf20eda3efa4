namespace Etr.Grains.Silos;

/// <summary>Carries the wish that this silo drain to whoever runs its process.</summary>
public sealed class SiloDrain
{
    private readonly TaskCompletionSource<string> _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done, with the reason, once someone wants the silo drained.</summary>
    public Task<string> Requested => _requested.Task;

    /// <summary>Wants the silo drained. The first reason stands.</summary>
    public void Request(string reason) => _requested.TrySetResult(reason);
}
