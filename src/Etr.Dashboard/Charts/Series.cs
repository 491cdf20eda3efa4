using System.Globalization;
using System.Text;

namespace Etr.Dashboard.Charts;

/// <summary>Turns values into the points of a small line.</summary>
internal static class Series
{
    private const int MostBuckets = 80;

    /// <summary>
    /// Thins a long series to its lowest and highest value of each stretch, in order, so that no extreme is smoothed away.
    /// </summary>
    public static IReadOnlyList<(int Index, double Value)> Thin(IReadOnlyList<double> values)
    {
        var known = values.Select((value, index) => (Index: index, Value: value)).Where(point => double.IsFinite(point.Value)).ToArray();
        if (known.Length <= 2 * MostBuckets)
            return known;

        var thinned = new List<(int, double)>(2 * MostBuckets);
        for (var bucket = 0; bucket < MostBuckets; bucket++)
        {
            var stretch = known[(int)((long)known.Length * bucket / MostBuckets)..(int)((long)known.Length * (bucket + 1) / MostBuckets)];
            var low = stretch.MinBy(point => point.Value);
            var high = stretch.MaxBy(point => point.Value);
            thinned.Add(low.Index <= high.Index ? low : high);
            if (low.Index != high.Index)
                thinned.Add(low.Index <= high.Index ? high : low);
        }

        return thinned;
    }

    /// <summary>The points attribute of an SVG polyline that fills a box; empty where there is nothing to draw.</summary>
    public static string Points(IReadOnlyList<double> values, double width, double height, double margin)
    {
        var points = Thin(values);
        if (points.Count == 0)
            return "";

        var (low, high) = (points.Min(point => point.Value), points.Max(point => point.Value));
        var range = high - low;
        var text = new StringBuilder();
        foreach (var (index, value) in points)
        {
            var x = margin + (width - 2 * margin) * (values.Count == 1 ? 1 : (double)index / (values.Count - 1));
            var y = range > 0 ? margin + (height - 2 * margin) * (high - value) / range : height / 2;
            text.Append(CultureInfo.InvariantCulture, $"{x:0.#},{y:0.#} ");
        }

        return text.ToString().TrimEnd();
    }
}
