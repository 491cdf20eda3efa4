namespace Etr.Grains.State;

/// <summary>
/// Writes a grain's state one write at a time: who asks while a write runs shares the next one, which has everything that
/// was changed until it begins. Without it a grain's interleaved turns would fail each other's ETags.
/// </summary>
internal sealed class StateWriter(Func<Task> write)
{
    private Task _running = Task.CompletedTask;
    private Task? _next;

    /// <summary>Done when all that was changed before the call is on disk.</summary>
    public Task WriteAsync()
    {
        if (_running.IsCompleted)
            return _running = write();
        return _next ??= WriteNextAsync();
    }

    private async Task WriteNextAsync()
    {
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _next = null;
        _running = write();
        await _running;
    }
}
