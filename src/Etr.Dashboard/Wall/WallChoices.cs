using System.Globalization;

namespace Etr.Dashboard.Wall;

/// <summary>What a wall can be filtered by right now.</summary>
/// <param name="Categories">Categories, by name.</param>
/// <param name="DataSets">Data sets, by name.</param>
/// <param name="Silos">Silos that draw, by name.</param>
/// <param name="Versions">Policy versions, the newest first.</param>
internal sealed record WallChoices(IReadOnlyList<string> Categories, IReadOnlyList<string> DataSets, IReadOnlyList<string> Silos, IReadOnlyList<string> Versions)
{
    private const int Most = 100;

    /// <summary>Before anything was seen.</summary>
    public static WallChoices None { get; } = new([], [], [], []);

    /// <summary>Collects what cells have. Lock the wall.</summary>
    public static WallChoices Of(IReadOnlyCollection<WallCell> cells) => new(
        Names(cells.Select(cell => cell.Category ?? "")),
        Names(cells.Select(cell => cell.DataSet)),
        Names(cells.Select(cell => cell.Silo)),
        [.. cells.Select(cell => cell.PolicyVersion).Distinct().OrderDescending().Take(Most).Select(version => version.ToString(CultureInfo.InvariantCulture))]);

    private static IReadOnlyList<string> Names(IEnumerable<string> names) =>
        [.. names.Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal).Take(Most)];
}
