using System.Globalization;
using Etr.Core.Statistics;
using ScottPlot;

namespace Etr.Silo.Compare.Plots;

/// <summary>The plots of a comparison, each as SVG and PNG.</summary>
internal static class ComparePlots
{
    private const string Plane = "accuracy-against-length";
    private const string AccuracyCurves = "learning-curves-accuracy";
    private const string LengthCurves = "learning-curves-length";
    private const string Bars = "aes";
    private const int Window = 5;

    /// <summary>File names without their ends, in the order a report shows them.</summary>
    public static IReadOnlyList<string> Names { get; } = [Plane, AccuracyCurves, LengthCurves, Bars];

    /// <summary>Writes those that there are figures for.</summary>
    /// <returns>The files.</returns>
    public static IReadOnlyList<string> Write(CompareResults results, string folder)
    {
        Directory.CreateDirectory(folder);
        IReadOnlyList<ArmFigures> arms = ArmFigures.Of(results.Runs);
        var files = new List<string>();
        if (arms.Any(arm => arm.After(held => held.Length).Count > 0))
            files.AddRange(WritePlane(arms, folder));
        if (arms.Any(arm => arm.Curve(point => point.Length).Count > 0))
        {
            files.AddRange(WriteCurves(arms, point => 100 * point.Accuracy, "Accuracy while training", $"right traces, %, mean of {Window} steps", 100, folder, AccuracyCurves));
            files.AddRange(WriteCurves(arms, point => point.Length, "Length while training", $"tokens a trace, mean of {Window} steps", double.PositiveInfinity, folder, LengthCurves));
        }

        if (arms.Any(arm => arm.Over(run => run.Aes).Count > 0))
            files.AddRange(WriteBars(arms, folder));
        return files;
    }

    private static IReadOnlyList<string> WritePlane(IReadOnlyList<ArmFigures> arms, string folder)
    {
        Plot plot = PlotStyle.New("Accuracy against length, held out (mean, 95 % over seeds)", "tokens a trace", "right traces, %");
        ConfidenceInterval startLength = ArmFigures.Start(arms, held => held.Length);
        ConfidenceInterval startAccuracy = ArmFigures.Start(arms, held => 100 * held.Accuracy);
        for (int i = 0; i < arms.Count; i++)
        {
            ConfidenceInterval length = arms[i].After(held => held.Length);
            if (length.Count > 0)
                PlotStyle.AddPoint(plot, arms[i].Name, PlotStyle.ColorOf(i), PlotStyle.ShapeOf(i), Ends(length), Ends(arms[i].After(held => 100 * held.Accuracy), 100));
        }

        if (startLength.Count > 0)
            PlotStyle.AddPoint(plot, "(the start)", PlotStyle.Neutral, MarkerShape.Asterisk, Ends(startLength), Ends(startAccuracy, 100));
        plot.Axes.Margins(0.08, 0.1);
        PlotStyle.AddLegend(plot);
        return PlotStyle.Save(plot, folder, Plane);
    }

    private static IReadOnlyList<string> WriteCurves(
        IReadOnlyList<ArmFigures> arms, Func<CurvePoint, double?> figure, string title, string y, double most, string folder, string name)
    {
        Plot plot = PlotStyle.New($"{title} (mean, 95 % over seeds)", "policy updates", y);
        for (int i = 0; i < arms.Count; i++)
        {
            IReadOnlyList<(int Step, ConfidenceInterval Value)> curve = arms[i].Curve(figure, Window);
            if (curve.Count == 0)
                continue;
            PlotStyle.AddBand(
                plot, i, arms.Count, arms[i].Name, [.. curve.Select(point => (double)point.Step)], [.. curve.Select(point => point.Value.Mean)],
                [.. curve.Select(point => Math.Max(0, point.Value.Low))], [.. curve.Select(point => Math.Min(most, point.Value.High))]);
        }

        plot.Axes.Margins(0.02, 0.06);
        PlotStyle.AddLegend(plot);
        return PlotStyle.Save(plot, folder, name);
    }

    private static IReadOnlyList<string> WriteBars(IReadOnlyList<ArmFigures> arms, string folder)
    {
        Plot plot = PlotStyle.New("Accuracy–efficiency score (mean, 95 % over seeds)", "AES = (L0 − L)/L0 + 5·(A − A0)/A0", "");
        var bars = new List<Bar>();
        var positions = new List<double>();
        var names = new List<string>();
        var intervals = new List<ConfidenceInterval>();
        for (int i = 0; i < arms.Count; i++)
        {
            ConfidenceInterval aes = arms[i].Over(run => run.Aes);
            if (aes.Count == 0)
                continue;

            // From the top down, as a reader goes.
            double position = arms.Count - i;
            bars.Add(new Bar { Position = position, Value = aes.Mean, FillColor = PlotStyle.ColorOf(i), LineWidth = 0, Size = 0.7 });
            positions.Add(position);
            intervals.Add(aes);
            names.Add($"{arms[i].Name}  {aes.Mean.ToString("0.00", CultureInfo.InvariantCulture)}");
        }

        plot.Add.Bars(bars).Horizontal = true;
        for (int i = 0; i < bars.Count; i++)
            PlotStyle.AddInterval(plot, intervals[i].Low, intervals[i].High, positions[i]);
        plot.Add.VerticalLine(0, 1, PlotStyle.Neutral);
        plot.Axes.Left.SetTicks([.. positions], [.. names]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Axes.Margins(0.06, 0.05);
        return PlotStyle.Save(plot, folder, Bars);
    }

    private static (double Mean, double Low, double High) Ends(ConfidenceInterval value, double most = double.PositiveInfinity) =>
        (value.Mean, Math.Max(0, value.Low), Math.Min(most, value.High));
}
