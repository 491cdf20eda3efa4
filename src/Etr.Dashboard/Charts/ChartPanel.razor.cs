using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Etr.Dashboard.Charts;

/// <summary>Line charts over training, one under the other, with one crosshair. Whoever shows other charts gives it another key.</summary>
public sealed partial class ChartPanel : PicturePanel
{
    private const string KeysId = "chart-keys";
    private const int MostEvents = 400;

    private readonly ChartCursor _cursor = new();
    private IReadOnlyList<string>? _columns;
    private IReadOnlyList<ChartEvent> _told = [];

    /// <summary>What the slider that moves the crosshair is called.</summary>
    [Parameter]
    public string Label { get; set; } = "Training step under the crosshair";

    /// <summary>The file that its picture is saved as, without its ending.</summary>
    [Parameter]
    public string FileName { get; set; } = "training";

    /// <summary>The part in view: empty for all, <c>last:50</c>, <c>100-200</c>.</summary>
    [Parameter]
    public string Zoom { get; set; } = "";

    /// <summary>Rows of the running mean; 1 for none.</summary>
    [Parameter]
    public int Smooth { get; set; } = 1;

    /// <summary>The step at which the crosshair stands first; null for the newest.</summary>
    [Parameter]
    public int? At { get; set; }

    /// <summary>Whether lines go on over steps that a figure lacks.</summary>
    [Parameter]
    public bool Gaps { get; set; }

    /// <summary>What happened, drawn over the charts.</summary>
    [Parameter]
    public IReadOnlyList<ChartEvent> Events { get; set; } = [];

    /// <summary>The person has zoomed.</summary>
    [Parameter]
    public EventCallback<string> OnZoom { get; set; }

    /// <summary>The charts.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<ChartSpec> Specs { get; set; } = [];

    /// <summary>Where the figures come from.</summary>
    [Parameter, EditorRequired]
    public IChartSource Source { get; set; } = default!;

    /// <inheritdoc/>
    protected override string ScriptName => "charts.js";

    /// <inheritdoc/>
    protected override object Options => new { specs = Specs, columns = Columns, zoom = Zoom, smooth = Smooth, at = At, gaps = Gaps, file = FileName };

    /// <inheritdoc/>
    protected override object? Configuration => new ChartChoice(Zoom, Smooth);

    private IReadOnlyList<string> Columns => _columns ??= ChartSpec.ColumnsOf(Specs);

    /// <inheritdoc/>
    [JSInvokable]
    public override Task Chosen(string choice) => OnZoom.InvokeAsync(ChartZoom.Read(choice));

    /// <inheritdoc/>
    protected override byte[]? NextFrame() => Source.NextFrame(_cursor, Columns);

    /// <inheritdoc/>
    protected override void Lost() => _cursor.Lost();

    /// <inheritdoc/>
    protected override async Task TellAsync(IJSObjectReference picture, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(_told, Events))
            return;
        _told = Events;
        await picture.InvokeVoidAsync("setEvents", cancellationToken, _told.TakeLast(MostEvents));
    }

    private sealed record ChartChoice(string Zoom, int Smooth);
}
