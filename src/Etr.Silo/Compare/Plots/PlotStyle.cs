using ScottPlot;
using SkiaSharp;

namespace Etr.Silo.Compare.Plots;

/// <summary>How every plot looks: the dashboard's light palette, a legend beside the data, 900 × 600.</summary>
internal static class PlotStyle
{
    private const int Width = 900;
    private const int Height = 600;
    private const float LineWidth = 2.5f;
    private const float LabelSize = 80;
    private const int MostTicks = 8;
    private const double BandAlpha = 0.16;
    private const double BandAlphas = 0.5;

    private static readonly Color Page = Color.FromHex("#ffffff");
    private static readonly Color Grid = Color.FromHex("#dde3ea");
    private static readonly Color Words = Color.FromHex("#1b2330");

    // Told apart by colour first, then by shape or pattern: colours that people with any colour vision can tell are few.
    private static readonly Color[] Colors = [.. new[] { "#0072b2", "#c44601", "#00795a", "#a8457f", "#5b6573", "#b8860b" }.Select(Color.FromHex)];
    private static readonly MarkerShape[] Shapes = [MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond, MarkerShape.OpenCircle, MarkerShape.OpenSquare];
    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.Dashed, LinePattern.Dotted, LinePattern.DenselyDashed];

    // Found on most machines; elsewhere any font is better than none.
    private static readonly string[] Fonts = ["Inter", "Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial", "Helvetica"];

    /// <summary>Colour of what is not an arm, such as the start.</summary>
    public static Color Neutral { get; } = Color.FromHex("#1b2330");

    /// <summary>Whether words can be drawn at all.</summary>
    public static bool HasFonts => SKFontManager.Default.FontFamilyCount > 0;

    /// <summary>The colour of an arm by its place.</summary>
    public static Color ColorOf(int arm) => Colors[arm % Colors.Length];

    /// <summary>The marker of an arm by its place.</summary>
    public static MarkerShape ShapeOf(int arm) => Shapes[arm / Colors.Length % Shapes.Length];

    /// <summary>The line of an arm by its place.</summary>
    public static LinePattern PatternOf(int arm) => Patterns[arm / Colors.Length % Patterns.Length];

    /// <summary>A plot without data.</summary>
    public static Plot New(string title, string x, string y)
    {
        var plot = new Plot();
        plot.FigureBackground.Color = Page;
        plot.DataBackground.Color = Page;
        plot.Axes.Color(Words);
        plot.Grid.MajorLineColor = Grid;
        plot.Title(title, 18);
        plot.XLabel(x, 15);
        plot.YLabel(y, 15);
        plot.Font.Set(Font());
        plot.Axes.Left.MinimumSize = LabelSize;
        plot.Axes.Title.Label.Bold = false;
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Left.Label.Bold = false;
        plot.Axes.Bottom.TickLabelStyle.FontSize = 13;
        plot.Axes.Left.TickLabelStyle.FontSize = 13;
        FewTicks(plot.Axes.Bottom);
        FewTicks(plot.Axes.Left);
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        return plot;
    }

    /// <summary>Names the arms beside the data, never over it.</summary>
    public static void AddLegend(Plot plot)
    {
        plot.Legend.FontSize = 13;
        plot.Legend.FontColor = Words;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors[0].WithAlpha(0);
        plot.Legend.BackgroundColor = Page;
        plot.ShowLegend(Edge.Right);
    }

    /// <summary>A line with its interval as a band behind it, the paler the more arms there are.</summary>
    public static void AddBand(Plot plot, int arm, int arms, string name, double[] xs, double[] ys, double[] low, double[] high)
    {
        var band = plot.Add.FillY(xs, low, high);
        band.FillColor = ColorOf(arm).WithAlpha(Math.Min(BandAlpha, BandAlphas / arms));
        band.LineWidth = 0;
        band.MarkerSize = 0;
        var line = plot.Add.ScatterLine(xs, ys, ColorOf(arm));
        line.LineWidth = LineWidth;
        line.LinePattern = PatternOf(arm);
        line.LegendText = name;
    }

    /// <summary>A point with its intervals both ways.</summary>
    public static void AddPoint(Plot plot, string name, Color color, MarkerShape shape, (double Mean, double Low, double High) x, (double Mean, double Low, double High) y)
    {
        foreach (var bar in new[] { plot.Add.Line(x.Low, y.Mean, x.High, y.Mean), plot.Add.Line(x.Mean, y.Low, x.Mean, y.High) })
        {
            bar.LineColor = color;
            bar.LineWidth = 1.5f;
        }

        var marker = plot.Add.Marker(x.Mean, y.Mean, shape, 12, color);
        marker.MarkerLineWidth = 2;
        marker.LegendText = name;
    }

    /// <summary>An interval along a horizontal line.</summary>
    public static void AddInterval(Plot plot, double low, double high, double y)
    {
        var line = plot.Add.Line(low, y, high, y);
        line.LineColor = Neutral;
        line.LineWidth = 1.5f;
    }

    /// <summary>Writes the plot as SVG and as PNG.</summary>
    /// <returns>The files.</returns>
    public static IReadOnlyList<string> Save(Plot plot, string folder, string name)
    {
        string svg = Path.Combine(folder, name + ".svg");
        string png = Path.Combine(folder, name + ".png");
        plot.SaveSvg(svg, Width, Height);
        plot.SavePng(png, Width, Height);
        return [svg, png];
    }

    private static void FewTicks(IAxis axis) => axis.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { TargetTickCount = MostTicks };

    private static string Font()
    {
        string[] there = [.. SKFontManager.Default.FontFamilies];
        return Fonts.FirstOrDefault(there.Contains) ?? there.FirstOrDefault() ?? "";
    }
}
