namespace Etr.Grains.Silos;

/// <summary>Carries the wish that this silo drain to whoever runs its process.</summary>
public sealed class SiloDrain
{
    private readonly TaskCompletionSource<string> _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until someone wants the silo drained, or its process is interrupted; answers why.</summary>
    public async Task<string> WhenAskedAsync(CancellationToken interrupt)
    {
        await using CancellationTokenRegistration interrupted = interrupt.Register(() => Request("the process was asked to end"));
        return await _requested.Task;
    }

    /// <summary>Wants the silo drained. The first reason stands.</summary>
    public void Request(string reason) => _requested.TrySetResult(reason);
}
