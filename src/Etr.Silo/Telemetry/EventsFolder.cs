using Etr.Silo.Configuration;

namespace Etr.Silo.Telemetry;

/// <summary>Where runs write TensorBoard event files.</summary>
internal static class EventsFolder
{
    /// <summary>What <c>Etr:Telemetry:TensorBoard</c> means to the grains: null nowhere, empty the run's own directory.</summary>
    public static string? Of(TelemetrySettings settings) => settings.TensorBoard.Trim().ToLowerInvariant() switch
    {
        "false" => null,
        "true" => "",
        _ => Path.GetFullPath(settings.TensorBoard.Trim()),
    };
}
