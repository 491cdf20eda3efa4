using System.Xml.Linq;
using Etr.Core.Probing;
using Etr.Core.Rewards;
using Etr.Silo.Cli;
using Etr.Silo.Compare.Plots;
using Etr.Silo.Probing;
using Etr.Silo.Tests.Cli;

namespace Etr.Silo.Tests.Probing;

public sealed class ProbePlotTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-probe-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_reward_and_both_its_correlations_are_on_the_page_and_the_traces_of_the_one_that_is_named()
    {
        Assert.SkipUnless(PlotStyle.HasFonts, "there is no font on this machine, and words are only drawn with one");
        string file = Path.Combine(_folder, "made", "probe.svg");

        ProbePlot.Write(Probes(traces: 7), "paper", file);

        string words = string.Concat(XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value + "\n"));
        Assert.All(RewardShapers.Names, name => Assert.Contains(name, words, StringComparison.Ordinal));
        Assert.Contains("-0.41", words, StringComparison.Ordinal);
        Assert.Contains("+0.62", words, StringComparison.Ordinal);
        Assert.Contains("paper: 7 right traces, r(reward, length) -0.41", words, StringComparison.Ordinal);
    }

    [Fact]
    public void More_traces_make_more_points()
    {
        int few = Points(7), many = Points(70);

        // A fill and an outline each.
        Assert.Equal(2 * 63, many - few);

        int Points(int traces)
        {
            string file = Path.Combine(_folder, $"{traces}.svg");
            ProbePlot.Write(Probes(traces), "guarded", file);
            return XDocument.Load(file).Descendants().Count(element => element.Name.LocalName == "ellipse");
        }
    }

    [Fact]
    public void A_png_is_one_whole_page()
    {
        string file = Path.Combine(_folder, "probe.PNG");

        ProbePlot.Write(Probes(traces: 7), "guarded", file);

        ReadOnlySpan<byte> png = File.ReadAllBytes(file);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4].ToArray());
        Assert.Equal((1500, 842), (BigEndian(png[16..20]), BigEndian(png[20..24])));
    }

    [Fact]
    public void A_probe_in_which_nothing_is_defined_can_be_drawn()
    {
        string file = Path.Combine(_folder, "probe.svg");

        ProbePlot.Write(Probes(traces: 0, defined: false), "guarded", file);

        Assert.NotEmpty(XDocument.Load(file).Root!.Descendants());
    }

    [Theory]
    [InlineData("probe.pdf")]
    [InlineData("probe")]
    public async Task Another_kind_of_file_is_refused_before_anything_is_drawn(string file)
    {
        Invocation call = await Invocation.RunAsync("probe", "--model", "models/arithmetic", "--task", "arithmetic", "--plot", file);

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("--plot: expected a file that ends in .svg or .png", call.Error, StringComparison.Ordinal);
    }

    private static RewardProbe[] Probes(int traces, bool defined = true) =>
    [
        .. RewardShapers.Names.Select(name => new RewardProbe(name, "group", defined ? -0.41 : null, defined ? 0.62 : null, 1, null, 0, "")
        {
            Right = [.. Enumerable.Range(0, traces).Select(i => new ProbedTrace(i - traces / 2.0, 0.01 * i))],
        }),
    ];

    private static int BigEndian(ReadOnlySpan<byte> bytes) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes);
}
