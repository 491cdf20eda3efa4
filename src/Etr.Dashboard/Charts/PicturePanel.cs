using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.JSInterop;

namespace Etr.Dashboard.Charts;

/// <summary>
/// A picture that a script draws from binary frames. What Razor renders of it is rendered once: whoever shows another picture gives it
/// another key.
/// </summary>
public abstract partial class PicturePanel : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private IJSObjectReference? _module;
    private IJSObjectReference? _picture;
    private DotNetObjectReference<PicturePanel>? _self;
    private Task _pump = Task.CompletedTask;
    private object? _configured;
    private bool _seen = true;
    private bool _failing;

    /// <summary>The element that holds the picture.</summary>
    protected ElementReference Root { get; set; }

    /// <summary>The script's name.</summary>
    protected abstract string ScriptName { get; }

    /// <summary>What the script is told when it begins.</summary>
    protected abstract object Options { get; }

    /// <summary>What of it may change later, compared by value; null for nothing.</summary>
    protected virtual object? Configuration => null;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [Inject]
    private IOptions<DashboardOptions> Patience { get; set; } = default!;

    [Inject]
    private ILogger<PicturePanel> Logger { get; set; } = default!;

    /// <summary>The browser's tab is seen or hidden.</summary>
    [JSInvokable]
    public void Attend(bool visible) => _seen = visible;

    /// <summary>The person has chosen something in the picture.</summary>
    [JSInvokable]
    public virtual Task Chosen(string choice) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _stop.CancelAsync();
        await _pump;
        _stop.Dispose();
        try
        {
            if (_picture is not null)
            {
                await _picture.InvokeVoidAsync("dispose");
                await _picture.DisposeAsync();
            }

            if (_module is not null)
                await _module.DisposeAsync();
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException)
        {
            // The browser has gone, and its objects with it.
        }
        catch (JSException failure)
        {
            LogScriptFailed(Logger, ScriptName, failure.Message);
        }

        _self?.Dispose();
    }

    /// <summary>The next frame; null where there is nothing new to see.</summary>
    protected abstract byte[]? NextFrame();

    /// <summary>Frames were lost: the next one says everything.</summary>
    protected abstract void Lost();

    /// <summary>What else the picture has to hear of now.</summary>
    protected virtual Task TellAsync(IJSObjectReference picture, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override bool ShouldRender() => false;

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        if (_picture is null || Equals(_configured, Configuration))
            return;
        _configured = Configuration;
        try
        {
            await _picture.InvokeVoidAsync("configure", _stop.Token, _configured);
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException)
        {
            // The browser has gone.
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        try
        {
            _module = await Script.InvokeAsync<IJSObjectReference>("import", _stop.Token, $"./assets/{ScriptName}");
            _self = DotNetObjectReference.Create(this);
            _configured = Configuration;
            _picture = await _module.InvokeAsync<IJSObjectReference>("attach", _stop.Token, Root, Options, _self);
            _pump = PumpAsync(_picture, _stop.Token);
        }
        catch (Exception gone) when (gone is JSException or JSDisconnectedException or OperationCanceledException or ObjectDisposedException)
        {
            // The browser or the page left while the picture was being set up, or shows something else by now.
        }
    }

    /// <summary>Sends frames, each once the one before has been taken: what happens meanwhile is merged into the next.</summary>
    private async Task PumpAsync(IJSObjectReference picture, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Patience.Value.PollInterval, Time);
        try
        {
            do
            {
                if (!_seen)
                    continue;
                await PushAsync(picture, cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException)
        {
            // The browser or the page has gone.
        }
    }

    private async Task PushAsync(IJSObjectReference picture, CancellationToken cancellationToken)
    {
        try
        {
            if (NextFrame() is { } frame && !await picture.InvokeAsync<bool>("push", cancellationToken, frame))
                Lost();
            await TellAsync(picture, cancellationToken);
            _failing = false;
        }
        catch (JSException failure)
        {
            // What the script holds now is anyone's guess: it is given everything anew. One line a failure, not one a second.
            Lost();
            if (!_failing)
                LogScriptFailed(Logger, ScriptName, failure.Message);
            _failing = true;
        }
    }

    [LoggerMessage(EventId = 3103, Level = LogLevel.Warning, Message = "The script {Script} failed: {Reason}")]
    private static partial void LogScriptFailed(ILogger logger, string script, string reason);
}
