using System.Xml.Linq;
using Etr.Silo.Compare;
using Etr.Silo.Compare.Plots;

namespace Etr.Silo.Tests.Compare;

public sealed class ComparePlotsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-plots-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_plot_is_there_as_svg_and_as_png_of_900_by_600()
    {
        ComparePlots.Write(new CompareResults { Runs = [MadeUp.Run("a", 1, .9, 40, aes: 1, curve: [90, 50]), MadeUp.Run("a", 2, .8, 50, aes: .9, curve: [80, 60])] }, _folder);

        foreach (string name in ComparePlots.Names)
        {
            XElement svg = XDocument.Load(Path.Combine(_folder, name + ".svg")).Root!;
            Assert.True(svg.Descendants().Count() > 20, $"{name}.svg has next to nothing in it");
            ReadOnlySpan<byte> png = File.ReadAllBytes(Path.Combine(_folder, name + ".png"));
            Assert.Equal((900, 600), (BigEndian(png[16..20]), BigEndian(png[20..24])));
        }
    }

    [Fact]
    public void Runs_without_an_evaluation_have_their_curves()
    {
        CompareRun run = MadeUp.Run("a", 1, 1, 1, curve: [90, 50]) with { Before = null, After = null };

        IReadOnlyList<string> files = ComparePlots.Write(new CompareResults { Runs = [run] }, _folder);

        Assert.Equal(["learning-curves-accuracy.svg", "learning-curves-accuracy.png", "learning-curves-length.svg", "learning-curves-length.png"], files.Select(Path.GetFileName));
    }

    [Fact]
    public void Many_arms_stay_apart()
    {
        CompareRun[] runs = [.. Enumerable.Range(0, 24).Select(i => MadeUp.Run($"arm-{i}", 1, .5 + i / 100.0, 40 + i, aes: i, curve: [90, 50]))];

        Assert.Equal(2 * ComparePlots.Names.Count, ComparePlots.Write(new CompareResults { Runs = runs }, _folder).Count);
        Assert.Equal(24, Enumerable.Range(0, 24).Select(i => (PlotStyle.ColorOf(i), PlotStyle.ShapeOf(i), PlotStyle.PatternOf(i))).Distinct().Count());
    }

    private static int BigEndian(ReadOnlySpan<byte> bytes) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes);
}
