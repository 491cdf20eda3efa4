using System.Globalization;

namespace Etr.Dashboard.Charts;

/// <summary>The part of training in view, as URLs have it: empty for all steps, <c>last:50</c> for the newest, <c>100-200</c> for a stretch.</summary>
internal static class ChartZoom
{
    private const int Around = 15;

    /// <summary>What a URL or a browser says, or empty where it says nothing that can be read.</summary>
    public static string Read(string? text)
    {
        if (text is null)
            return "";
        if (text.StartsWith("last:", StringComparison.Ordinal))
            return Number(text["last:".Length..]) is > 0 ? text : "";
        return Range(text) is null ? "" : text;
    }

    /// <summary>Some steps around one.</summary>
    public static string Near(int step) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, step - Around)}-{step + Around}");

    /// <summary>The steps that are in view.</summary>
    public static (int From, int To) Of(string zoom, int lastStep)
    {
        if (Range(zoom) is { } range)
            return range;
        return zoom.StartsWith("last:", StringComparison.Ordinal) && Number(zoom["last:".Length..]) is { } newest
            ? (Math.Max(1, lastStep - newest), lastStep)
            : (1, lastStep);
    }

    private static (int, int)? Range(string text) =>
        text.Split('-') is [var from, var to] && Number(from) is { } first && Number(to) is { } last && last > first ? (first, last) : null;

    private static int? Number(string text) =>
        text.Length <= 9 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
