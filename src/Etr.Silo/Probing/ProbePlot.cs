using System.Globalization;
using Etr.Core.Probing;
using Etr.Silo.Training;
using ScottPlot;
using ScottPlot.MultiplotLayouts;
using SkiaSharp;
using PlotStyle = Etr.Silo.Compare.Plots.PlotStyle;

namespace Etr.Silo.Probing;

/// <summary>
/// A probe on one page: what each reward goes with, as bars, and beside them one reward's right traces, reward against length.
/// </summary>
internal static class ProbePlot
{
    private const int Width = 1500;
    private const int LeastHeight = 600;
    private const int BarHeight = 42;
    private const int Heading = 170;
    private const double BarSize = 0.36;
    private const string Signed = "+0.00;-0.00;0.00";

    /// <summary>The ends of a file's name that say what is written.</summary>
    public static IReadOnlyList<string> Ends { get; } = [".svg", ".png"];

    /// <summary>Whether a file's name says what is to be written.</summary>
    public static bool CanWrite(string path) => Ends.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Writes the page; its folder is made where it is missing.</summary>
    /// <param name="rewards">The rewards that were probed, at least one.</param>
    /// <param name="shaper">The reward whose traces are drawn, one of them.</param>
    /// <param name="path">A file that ends in <c>.svg</c> or <c>.png</c>.</param>
    public static void Write(IReadOnlyList<RewardProbe> rewards, string shaper, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var page = new Multiplot { Layout = new Columns() };
        page.Reset(Bars(rewards));
        page.AddPlot(Traces(rewards.First(probe => probe.Shaper == shaper)));
        int height = Math.Max(LeastHeight, Heading + BarHeight * rewards.Count);
        if (path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
        {
            page.SavePng(path, Width, height);
            return;
        }

        using FileStream file = File.Create(path);
        using SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, Width, height), file);
        page.Render(canvas, new PixelRect(0, Width, height, 0));
    }

    private static Plot Bars(IReadOnlyList<RewardProbe> rewards)
    {
        Plot plot = PlotStyle.New("What each reward goes with, among right traces of a group", "r: left of 0 shorter chains and surer openings earn more, right of it longer and less sure", "");
        AddBars(plot, rewards, "r(reward, length)", 0, BarSize / 2, probe => probe.RewardLength);
        AddBars(plot, rewards, "r(R, H₁)", 1, -BarSize / 2, probe => probe.TrendOpening);
        plot.Add.VerticalLine(0, 1, PlotStyle.Neutral);
        plot.Axes.Left.SetTicks([.. rewards.Select((_, i) => Position(rewards, i))], [.. rewards.Select(probe => probe.Shaper)]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Axes.SetLimits(-1.3, 1.3, 0.4, rewards.Count + 0.6);
        PlotStyle.AddLegend(plot);
        return plot;
    }

    // An undefined r has no bar, and says so.
    private static void AddBars(Plot plot, IReadOnlyList<RewardProbe> rewards, string name, int color, double offset, Func<RewardProbe, double?> figure)
    {
        var bars = new List<Bar>();
        for (int i = 0; i < rewards.Count; i++)
        {
            double? value = figure(rewards[i]);
            double position = Position(rewards, i) + offset;
            if (value is { } number)
                bars.Add(new Bar { Position = position, Value = number, FillColor = PlotStyle.ColorOf(color), LineWidth = 0, Size = BarSize });
            var label = plot.Add.Text(StepFigures.Number(value, Signed), value ?? 0, position);
            label.LabelFontSize = 11;
            label.LabelFontColor = PlotStyle.Neutral;
            label.LabelAlignment = value < 0 ? Alignment.MiddleRight : Alignment.MiddleLeft;
            label.OffsetX = value < 0 ? -4 : 4;
        }

        var added = plot.Add.Bars(bars);
        added.Horizontal = true;
        added.LegendText = name;
    }

    // From the top down, as a reader goes.
    private static double Position(IReadOnlyList<RewardProbe> rewards, int reward) => rewards.Count - reward;

    private static Plot Traces(RewardProbe probe)
    {
        string r = probe.RewardLength is { } value ? value.ToString(Signed, CultureInfo.InvariantCulture) : "undefined";
        Plot plot = PlotStyle.New($"{probe.Shaper}: {probe.Right.Count} right traces, r(reward, length) {r}", "tokens more than the mean of its group's right traces", "reward above theirs");
        if (probe.Right.Count > 0)
        {
            var points = plot.Add.ScatterPoints(probe.Right.Select(trace => trace.Length).ToArray(), probe.Right.Select(trace => trace.Reward).ToArray(), PlotStyle.ColorOf(0).WithAlpha(0.45));
            points.MarkerSize = 6;
        }

        plot.Add.HorizontalLine(0, 1, PlotStyle.Neutral);
        plot.Add.VerticalLine(0, 1, PlotStyle.Neutral);
        plot.Axes.Margins(0.05, 0.08);
        return plot;
    }
}
