using System.Globalization;

namespace Etr.Dashboard.Charts;

/// <summary>Numbers as people read them, the same on every page.</summary>
internal static class Figures
{
    /// <summary>Stands where there is no number.</summary>
    public const string None = "–";

    /// <summary>A number with as many decimals as its size needs.</summary>
    public static string Number(double value) => !double.IsFinite(value) ? None : Math.Abs(value) switch
    {
        >= 1000 => Plain(value, "#,0"),
        >= 100 => Plain(value, "0"),
        >= 10 => Plain(value, "0.0"),
        _ => Plain(value, "0.00"),
    };

    /// <summary>A number with <paramref name="decimals"/> decimals.</summary>
    public static string Fixed(double value, int decimals) =>
        double.IsFinite(value) ? Minus(value.ToString("F" + decimals, CultureInfo.InvariantCulture)) : None;

    /// <summary>A number that may be far from one, such as a learning rate.</summary>
    public static string Small(double value) => !double.IsFinite(value) ? None
        : value != 0 && Math.Abs(value) < 0.001 ? Minus(value.ToString("0.##E-0", CultureInfo.InvariantCulture)).Replace("E", " · 10^", StringComparison.Ordinal)
        : Number(value);

    /// <summary>Bytes in the unit that suits them.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        <= 0 or double.NaN => None,
        < 1 << 20 => Plain(bytes / 1024, "0") + " KiB",
        < 1 << 30 => Plain(bytes / (1 << 20), "0") + " MiB",
        _ => Plain(bytes / (1 << 30), "0.0") + " GiB",
    };

    /// <summary>A number with its sign.</summary>
    public static string Signed(double value, int decimals = 2) =>
        !double.IsFinite(value) ? None : (value > 0 ? "+" : "") + Fixed(value, decimals);

    /// <summary>A share (0 to 1) in per cent.</summary>
    public static string Percent(double share) => double.IsFinite(share) ? Plain(100 * share, "0.0") + " %" : None;

    /// <summary>A duration in its two largest units.</summary>
    public static string Duration(double seconds) => !double.IsFinite(seconds) ? None : seconds switch
    {
        < 1 => "under 1 s",
        < 60 => Plain(Math.Floor(seconds), "0") + " s",
        < 3600 => $"{(int)seconds / 60} min {(int)seconds % 60} s",
        < 86_400 => $"{(int)seconds / 3600} h {(int)seconds % 3600 / 60} min",
        _ => $"{(int)(seconds / 86_400)} d {(int)(seconds % 86_400) / 3600} h",
    };

    /// <summary>For coordinates in SVG.</summary>
    public static string Coordinate(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Plain(double value, string format) => Minus(value.ToString(format, CultureInfo.InvariantCulture));

    // A hyphen is read as a dash; a true minus lines up with plus. Minus zero is zero.
    private static string Minus(string number) =>
        number.Trim('-', '0', '.', ',').Length == 0 ? number.TrimStart('-') : number.Replace('-', '−');
}
