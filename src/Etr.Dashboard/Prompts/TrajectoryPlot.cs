using System.Globalization;
using System.Text;
using Etr.Grains.Groups;

namespace Etr.Dashboard.Prompts;

/// <summary>Where the points of a group's step entropies lie in a picture of 1080 × 290.</summary>
internal sealed class TrajectoryPlot
{
    public const double Width = 1080;
    public const double Height = 290;
    public const double Left = 46;
    public const double Right = 1064;
    public const double Top = 14;
    public const double Bottom = 252;

    private const int FewestSteps = 4;
    private static readonly double[] RoundHeights = [0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16];

    private readonly int _steps;

    /// <param name="group">The group that is drawn.</param>
    /// <param name="beside">A group that is drawn beside it, to the same scale; null for none.</param>
    public TrajectoryPlot(GroupView group, GroupView? beside = null)
    {
        TraceView[] traces = [.. group.Traces, .. beside?.Traces ?? []];
        var entropies = traces.SelectMany(trace => trace.StepEntropies).Where(double.IsFinite).ToArray();
        var most = entropies.Length == 0 ? 0 : entropies.Max();
        Scale = Array.Find(RoundHeights, height => most <= height) is var found and > 0 ? found : Math.Ceiling(most);
        _steps = Math.Max(FewestSteps, traces.Select(trace => trace.StepEntropies.Count).DefaultIfEmpty(0).Max());
    }

    /// <summary>Nats at the upper edge.</summary>
    public double Scale { get; }

    /// <summary>Steps to write under the axis, from 1.</summary>
    public IEnumerable<int> Ticks
    {
        get
        {
            var stride = Math.Max(1, (int)Math.Ceiling(_steps / 12.0));
            for (var step = 1; step <= _steps; step += stride)
                yield return step;
        }
    }

    public double X(int step) => Left + (Right - Left) * step / (_steps - 1);

    public double Y(double entropy) => Bottom - (Bottom - Top) * Math.Clamp(entropy / Scale, 0, 1);

    /// <summary>The points of a trace's line.</summary>
    public string Line(TraceView trace)
    {
        var points = new StringBuilder();
        for (var step = 0; step < trace.StepEntropies.Count; step++)
        {
            if (double.IsFinite(trace.StepEntropies[step]))
                points.Append(CultureInfo.InvariantCulture, $"{X(step):0.#},{Y(trace.StepEntropies[step]):0.#} ");
        }

        return points.ToString().TrimEnd();
    }

    /// <summary>The path of a trace's markers: round where right, a cross where wrong, square before grading.</summary>
    public string Markers(TraceView trace)
    {
        var path = new StringBuilder();
        for (var step = 0; step < trace.StepEntropies.Count; step++)
        {
            if (!double.IsFinite(trace.StepEntropies[step]))
                continue;
            var (x, y) = (X(step), Y(trace.StepEntropies[step]));
            path.Append(trace.Verdict switch
            {
                1 => string.Create(CultureInfo.InvariantCulture, $"M{x - 3:0.#} {y:0.#}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0"),
                0 => string.Create(CultureInfo.InvariantCulture, $"M{x - 3:0.#} {y - 3:0.#}l6 6m0 -6l-6 6"),
                _ => string.Create(CultureInfo.InvariantCulture, $"M{x - 2.5:0.#} {y - 2.5:0.#}h5v5h-5z"),
            });
        }

        return path.ToString();
    }
}
