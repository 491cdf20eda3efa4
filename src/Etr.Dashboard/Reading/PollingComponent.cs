using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Reading;

/// <summary>
/// A component that reads again and again while it is shown. Pages are first rendered without data, so that the first
/// answer of the server never waits for a grain.
/// </summary>
public abstract partial class PollingComponent : ComponentBase, IAsyncDisposable
{
    private CancellationTokenSource? _stopping;
    private Task _loop = Task.CompletedTask;
    private long _answeredAt;

    /// <summary>Whether anything has been read yet.</summary>
    protected bool HasRead { get; private set; }

    /// <summary>Why the last reading failed; null where it succeeded.</summary>
    protected string? Trouble { get; private set; }

    /// <summary>Time since the last reading that succeeded.</summary>
    protected TimeSpan Age => HasRead ? Time.GetElapsedTime(_answeredAt) : TimeSpan.Zero;

    /// <summary>Time between two readings.</summary>
    protected virtual TimeSpan Interval => Options.Value.PollInterval;

    /// <summary>Cancelled when the component goes.</summary>
    protected CancellationToken Stopping => _stopping?.Token ?? new CancellationToken(canceled: true);

    [Inject]
    private protected IRunReader Reader { get; set; } = default!;

    [Inject]
    private protected TimeProvider Time { get; set; } = default!;

    [Inject]
    private protected IOptions<DashboardOptions> Options { get; set; } = default!;

    [Inject]
    private ILogger<PollingComponent> Logger { get; set; } = default!;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await StopAsync();
        await CloseAsync();
    }

    /// <summary>Reads once. A failure is shown, and tried again after <see cref="Interval"/>.</summary>
    protected abstract Task ReadAsync(CancellationToken cancellationToken);

    /// <summary>What else has to be given back when the component goes.</summary>
    protected virtual ValueTask CloseAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
            await RestartAsync();
    }

    /// <summary>Forgets what was read and reads anew: the component shows something else now.</summary>
    protected async Task RestartAsync()
    {
        await StopAsync();
        (HasRead, Trouble) = (false, null);
        _stopping = new CancellationTokenSource();
        _loop = PollAsync(_stopping.Token);
    }

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, Time);
        try
        {
            do
            {
                await TryReadAsync(cancellationToken);
                StateHasChanged();
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The page has gone or shows something else.
        }
    }

    private async Task TryReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(cancellationToken);
            (HasRead, Trouble, _answeredAt) = (true, null, Time.GetTimestamp());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (TimeoutException)
        {
            Trouble = $"no answer within {Options.Value.CallDeadline.TotalSeconds:0.#} s";
        }
#pragma warning disable CA1031 // Whatever a grain answers with, the page says so and asks again.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogReadingFailed(Logger, GetType().Name, failure);
            Trouble = $"the cluster answered with {failure.GetType().Name}";
        }
    }

    private async Task StopAsync()
    {
        if (_stopping is null)
            return;
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
        _stopping = null;
    }

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning, Message = "{Page} could not read from the cluster")]
    private static partial void LogReadingFailed(ILogger logger, string page, Exception failure);
}
