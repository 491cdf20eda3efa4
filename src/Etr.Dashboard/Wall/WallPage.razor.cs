using System.Globalization;
using Etr.Dashboard.Reading;
using Etr.Grains.Runs;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Etr.Dashboard.Wall;

/// <summary>The entropy wall: a cell per prompt, its newest trace's step entropies as they are sampled.</summary>
public sealed partial class WallPage : PollingComponent
{
    private const int RowsPerPage = 50;

    private static readonly (string, string)[] Keys =
    [
        ("← → ↑ ↓", "move"),
        ("Home End", "first, last prompt"),
        ("PgUp PgDn", "a screen up, down"),
        ("Enter", "open the prompt"),
        ("P", "pin to the front (or Shift and click)"),
        ("Space", "hold the picture, and let it go on"),
    ];

    private WallQuery _query = new();
    private RunWall? _wall;
    private WallSession? _session;
    private IJSObjectReference? _module;
    private IJSObjectReference? _canvasWall;
    private DotNetObjectReference<WallPage>? _self;
    private CancellationTokenSource? _pumping;
    private Task _pump = Task.CompletedTask;
    private ElementReference _scroller, _space, _canvas, _cellText, _readout, _scaleText;
    private WallChoices _choices = WallChoices.None;
    private IReadOnlyList<WallRow> _rows = [];
    private string _counts = "";
    private RunState _state;
    private WallHistory _history;
    private bool _paused;
    private bool _calm;
    private int _total;
    private int _seen;
    private int _page;

    /// <summary>The run.</summary>
    [Parameter]
    public string Run { get; set; } = "";

    /// <summary>Order: prompt, live, rise, flattest, longest, oldest or wrong.</summary>
    [SupplyParameterFromQuery]
    public string? Sort { get; set; }

    /// <summary>Verdict: any, right, mixed, wrong or open.</summary>
    [SupplyParameterFromQuery]
    public string? Verdict { get; set; }

    /// <summary>Category.</summary>
    [SupplyParameterFromQuery]
    public string? Category { get; set; }

    /// <summary>Difficulty: any, easy, medium or hard.</summary>
    [SupplyParameterFromQuery]
    public string? Difficulty { get; set; }

    /// <summary>Data set.</summary>
    [SupplyParameterFromQuery(Name = "set")]
    public string? DataSet { get; set; }

    /// <summary>The silo that draws.</summary>
    [SupplyParameterFromQuery]
    public string? Silo { get; set; }

    /// <summary>Policy version.</summary>
    [SupplyParameterFromQuery]
    public string? Version { get; set; }

    /// <summary>Pinned prompts, separated by commas.</summary>
    [SupplyParameterFromQuery]
    public string? Pin { get; set; }

    /// <summary><c>table</c> for the table in place of the canvas.</summary>
    [SupplyParameterFromQuery]
    public string? View { get; set; }

    [Inject]
    private WallAggregator Aggregator { get; set; } = default!;

    [Inject]
    private WallMetrics Metrics { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IJSRuntime Script { get; set; } = default!;

    private bool AsTable => View == "table";

    /// <summary>The browser shows cells from <paramref name="first"/> on.</summary>
    [JSInvokable]
    public void Show(int first, int count) => _session?.Show(first, count);

    /// <summary>The browser's tab is seen or hidden; it wants calm frames or lively ones.</summary>
    [JSInvokable]
    public void Attend(bool visible, bool calm)
    {
        _calm = calm;
        _session?.SetVisible(visible);
    }

    /// <summary>A cell was selected.</summary>
    [JSInvokable]
    public void Select(int prompt) => _session?.Select(prompt);

    /// <summary>A cell was opened.</summary>
    [JSInvokable]
    public void Open(int prompt) => Navigation.NavigateTo($"/runs/{Uri.EscapeDataString(Run)}/prompts/{prompt}");

    /// <summary>A cell was pinned or let go.</summary>
    [JSInvokable]
    public void TogglePin(int prompt) => Go(_query.TogglePin(prompt));

    /// <summary>Holds the picture still, or lets it go on.</summary>
    [JSInvokable]
    public void TogglePause()
    {
        _paused = !_paused;
        _session?.SetPaused(_paused);
        StateHasChanged();
    }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        _query = WallQuery.Parse(Sort, Verdict, Category, Pin).Filtered(Difficulty, DataSet, Silo, Version);
        if (_wall?.Run != Run)
        {
            var first = _wall is null;
            (_page, _paused) = (0, false);
            await WatchAsync(Aggregator.WallOf(Run));
            if (!first)
                await RestartAsync();
        }

        Aggregator.Open(_wall!);
        _session!.Ask(_query);
        if (HasRead)
            Tabulate();
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        await base.OnAfterRenderAsync(firstRender);
        if (AsTable)
            await DetachAsync();
        else if (_pumping is null)
            await AttachAsync();
    }

    /// <inheritdoc/>
    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        // One that was forgotten while nobody could ask for it goes on as a new one.
        var wall = Aggregator.WallOf(Run);
        if (wall != _wall)
            await WatchAsync(wall);
        // A history that could not be read is asked for again.
        Aggregator.Open(wall);
        if (_session!.Visible && !(AsTable && _paused))
            Tabulate();
        _state = (await Reader.GetRunAsync(Run, cancellationToken)).State;
    }

    /// <inheritdoc/>
    protected override async ValueTask CloseAsync()
    {
        await DetachAsync();
        try
        {
            if (_module is not null)
                await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The browser has gone, and its objects with it.
        }
    }

    private static string Pressed(bool pressed) => pressed ? "true" : "false";

    private async Task WatchAsync(RunWall wall)
    {
        _wall = wall;
        _session = new WallSession(wall, Options.Value.SortInterval, Time, Metrics);
        _session.SetPaused(_paused);
        _session.Ask(_query);
        await DetachAsync();
    }

    private async Task AttachAsync()
    {
        _pumping = new CancellationTokenSource();
        var stop = _pumping.Token;
        try
        {
            _module ??= await Script.InvokeAsync<IJSObjectReference>("import", stop, "./assets/wall.js");
            _self ??= DotNetObjectReference.Create(this);
            var elements = new
            {
                scroller = _scroller,
                space = _space,
                canvas = _canvas,
                cellText = _cellText,
                readout = _readout,
                scaleText = _scaleText,
            };
            var canvasWall = await _module.InvokeAsync<IJSObjectReference>("attach", stop, elements, _self);
            if (stop.IsCancellationRequested)
            {
                await canvasWall.InvokeVoidAsync("dispose");
                return;
            }

            _canvasWall = canvasWall;
            _pump = PumpAsync(canvasWall, stop);
        }
        catch (Exception gone) when (gone is JSException or JSDisconnectedException or OperationCanceledException)
        {
            // The browser left while the wall was being set up, or shows something else by now.
        }
    }

    /// <summary>
    /// Sends frames, each once the one before has been taken: what happens meanwhile is merged into the next.
    /// </summary>
    private async Task PumpAsync(IJSObjectReference canvasWall, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Options.Value.FrameInterval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var wanted = _calm ? Options.Value.CalmFrameInterval : Options.Value.FrameInterval;
                if (timer.Period != wanted)
                    timer.Period = wanted;
                if (_session?.Next() is { } frame && !await PushAsync(canvasWall, frame, cancellationToken))
                    _session.Lost();
            }
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException)
        {
            // The browser or the page has gone.
        }
    }

    // A frame that the picture chokes on is lost: the next one says everything.
    private static async Task<bool> PushAsync(IJSObjectReference canvasWall, byte[] frame, CancellationToken cancellationToken)
    {
        try
        {
            return await canvasWall.InvokeAsync<bool>("push", cancellationToken, frame);
        }
        catch (JSException)
        {
            return false;
        }
    }

    // Renders come while this waits: what it ends is taken first, so that nobody ends it twice or takes a new wall for the old one.
    private async Task DetachAsync()
    {
        var (pumping, pump, canvasWall, self) = (_pumping, _pump, _canvasWall, _self);
        (_pumping, _pump, _canvasWall, _self) = (null, Task.CompletedTask, null, null);
        if (pumping is null)
            return;
        await pumping.CancelAsync();
        await pump;
        pumping.Dispose();
        try
        {
            if (canvasWall is not null)
            {
                await canvasWall.InvokeVoidAsync("dispose");
                await canvasWall.DisposeAsync();
            }
        }
        catch (Exception gone) when (gone is JSException or JSDisconnectedException or OperationCanceledException)
        {
            // The browser has gone, and its objects with it.
        }

        self?.Dispose();
    }

    private void Tabulate()
    {
        lock (_wall!)
        {
            var summary = _wall.Summary(Time);
            var order = AsTable ? WallOrder.Of(_wall.Cells, _query) : [];
            (_seen, _total, _history, _choices) = (_wall.Cells.Count, AsTable ? order.Length : _session!.Count(), _wall.History, summary.Choices);
            _counts = string.Create(CultureInfo.InvariantCulture, $"{_total} of {_seen} prompts seen · {summary.Live} being drawn{(_wall.Missed > 0 ? $" · {_wall.Missed} events missed" : "")}{(_history == WallHistory.Reading ? " · reading the run’s history" : "")}");
            _page = Math.Clamp(_page, 0, Math.Max(0, (_total - 1) / RowsPerPage));
            _rows = [.. order.Skip(_page * RowsPerPage).Take(RowsPerPage).Select(prompt => WallRow.Of(_wall.Find(prompt)!, _query.Pins.Contains(prompt)))];
        }
    }

    private Task TurnAsync(int page)
    {
        _page = page;
        Tabulate();
        return Task.CompletedTask;
    }

    private void Navigate(string parameter, ChangeEventArgs chosen)
    {
        var value = chosen.Value as string;
        var parameters = new Dictionary<string, object?>(_query.ToParameters()) { [parameter] = IsDefault(parameter, value) ? null : value };
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(parameters), replace: true);
    }

    private static bool IsDefault(string parameter, string? value) =>
        (parameter, value) is ("sort", "prompt") or ("verdict" or "difficulty", "any") or (_, "" or null);

    private void Go(WallQuery query) =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(query.ToParameters()), replace: true);

    private void ToggleTable() =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("view", AsTable ? null : "table"), replace: true);

    private string Emptiness() => (_seen, _state) switch
    {
        ( > 0, _) => "No prompt passes these filters.",
        (_, RunState.Unknown) => "There is no run of this name.",
        _ when _history == WallHistory.Reading => "Reading the run’s history…",
        (_, RunState.Running) => "Nothing has been trained on yet, and nothing has been drawn since this server started. Cells appear with the first group.",
        (_, RunState.Paused) => "The run is paused. Nothing of it has been trained on yet, and nothing has been drawn since this server started.",
        _ => "The run has ended, and neither its archive nor its record tells of a group.",
    };
}
