using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Dashboard.Runs;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.Runs;

public sealed class ConfigurationDiffTests
{
    [Fact]
    public void Settings_are_compared_by_their_path()
    {
        var rows = ConfigurationDiff.Of(["""{"Run":{"Seed":1,"Mode":"sync"},"Old":true}""", """{"Run":{"Seed":2,"Mode":"sync"},"List":[1,2]}"""]);

        Assert.Equal(["Run:Seed", "Run:Mode", "Old", "List"], rows.Select(row => row.Path));
        Assert.Equal(["Run:Seed", "Old", "List"], rows.Where(row => row.Differs).Select(row => row.Path));
        Assert.Equal(["true", null], rows[2].Values);
    }

    [Fact]
    public void A_configuration_that_cannot_be_read_says_so() =>
        Assert.Equal("cannot be read", ConfigurationDiff.Of(["{"]).Single().Values.Single());

    [Fact]
    public void Runs_of_different_lengths_share_their_steps()
    {
        var (one, other) = (new RunHistory("one"), new RunHistory("other"));
        one.Add(Samples.Step(1) with { Length = 10 });
        other.Add(Samples.Step(1) with { Length = 20 });
        other.Add(Samples.Step(2) with { Length = 30 });
        var source = new CompareSource { Runs = [one, other] };
        var cursor = new ChartCursor();

        var frame = source.NextFrame(cursor, [CompareSource.Column(0, "length"), CompareSource.Column(1, "length")])!;

        float[] floats = [.. Enumerable.Range(0, 6).Select(i => BitConverter.ToSingle(frame, 20 + 4 * i))];
        Assert.Equal([1, 2, 10, float.NaN, 20, 30], floats);
        Assert.Null(source.NextFrame(cursor, []));
    }
}
