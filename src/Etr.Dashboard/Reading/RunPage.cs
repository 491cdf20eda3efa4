using Etr.Dashboard.History;
using Etr.Dashboard.Wall;
using Etr.Grains.Runs;
using Microsoft.AspNetCore.Components;

namespace Etr.Dashboard.Reading;

/// <summary>A page of one run: its status and its history, read again and again; what is chosen on it is in its URL.</summary>
public abstract class RunPage : PollingComponent
{
    private string? _shown;

    /// <summary>The run.</summary>
    [Parameter]
    public string Run { get; set; } = "";

    /// <summary>The run as it was read last; null before.</summary>
    private protected RunStatus? Status { get; private set; }

    /// <summary>Its steps; null before they were read.</summary>
    private protected RunHistory? History { get; private set; }

    [Inject]
    private protected RunHistories Histories { get; set; } = default!;

    [Inject]
    private protected WallAggregator Aggregator { get; set; } = default!;

    [Inject]
    private protected NavigationManager Navigation { get; set; } = default!;

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        if (_shown == Run)
            return;
        var first = _shown is null;
        (_shown, Status, History) = (Run, null, null);
        Forget();
        if (!first)
            await RestartAsync();
    }

    /// <inheritdoc/>
    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var status = await Reader.GetRunAsync(Run, cancellationToken);
        History = await Histories.UpdateAsync(Run, status.Step, cancellationToken);
        Status = status;
    }

    /// <summary>The page shows another run from now on.</summary>
    protected virtual void Forget()
    {
    }

    /// <summary>For toggle buttons.</summary>
    protected static string Pressed(bool pressed) => pressed ? "true" : "false";

    /// <summary>Puts a choice into the URL; null leaves it out.</summary>
    protected void Go(string parameter, object? value) => Go(new Dictionary<string, object?> { [parameter] = value });

    /// <summary>Puts choices into the URL.</summary>
    protected void Go(IReadOnlyDictionary<string, object?> values) =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(values), replace: true);
}
