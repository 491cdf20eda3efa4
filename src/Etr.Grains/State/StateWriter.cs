namespace Etr.Grains.State;

/// <summary>
/// Writes a grain's state one write at a time: who asks while a write runs shares the next one, which has everything that
/// was changed until it begins. Without it a grain's interleaved turns would fail each other's ETags.
/// </summary>
/// <param name="write">Writes the state.</param>
/// <param name="onFailure">
/// Called where a write failed. A grain whose memory must not run ahead of the disk ends its activation here: the next one
/// reads what is true.
/// </param>
internal sealed class StateWriter(Func<Task> write, Action? onFailure = null)
{
    private Task _running = Task.CompletedTask;
    private Task? _next;

    /// <summary>Done when all that was changed before the call is on disk.</summary>
    public Task WriteAsync()
    {
        if (_running.IsCompleted)
            return _running = WriteNowAsync();
        return _next ??= WriteNextAsync();
    }

    private async Task WriteNextAsync()
    {
        // Whoever comes between the end of one write and this turn may have begun another.
        while (!_running.IsCompleted)
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _next = null;
        _running = WriteNowAsync();
        await _running;
    }

    private async Task WriteNowAsync()
    {
        try
        {
            await write();
        }
        catch
        {
            onFailure?.Invoke();
            throw;
        }
    }
}
