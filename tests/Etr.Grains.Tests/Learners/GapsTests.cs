using Etr.Core.Files;
using Etr.Core.Gaps;
using Etr.Core.Training;
using Etr.Grains.Files;
using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Learners;

public sealed class GapsTests
{
    [Fact]
    public async Task A_group_tells_the_gaps_that_its_step_has_kept()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        // A quarter of a nat above the sampler, in every slot but the first.
        cluster.Trainers.LearnerTraces = batch => [.. Traces(batch).Where(trace => trace.Slot > 0)];
        await CompletedAsync(cluster);
        GroupGaps gaps = await cluster.Group(1).GetGapsAsync();
        GroupView view = await cluster.Group(1).GetViewAsync();
        Assert.Equal(GapState.Known, gaps.State);
        Assert.Equal([1, 2], gaps.Traces.Select(trace => trace.Slot));
        Assert.All(gaps.Traces, trace => Assert.Equal(Enumerable.Repeat(-0.25f, view.Traces[trace.Slot].TokenTexts.Count), trace.Gaps));
        Assert.All(gaps.Traces, trace => Assert.Equal(2, trace.UpdatesBefore));

        // The manifest names the file, which lies under its hash and holds the step's groups.
        StepManifest manifest = (await StepManifest.ReadAsync(Path.Combine(cluster.RunDirectory(), "steps"), 1, cluster.Deadline))!;
        string file = Place(cluster).GapsFile(manifest.Summary.GapsSha256);
        Assert.Equal(manifest.Summary.GapsSha256, DurableFile.Sha256(await File.ReadAllBytesAsync(file, cluster.Deadline)));
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], StepGapsCodec.Read(await File.ReadAllBytesAsync(file, cluster.Deadline)).Traces.Select(trace => (int)trace.Ordinal));
        Assert.Equal([Path.GetFileName(file)], Directory.GetFiles(Place(cluster).Gaps).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_group_says_why_its_gaps_are_not_known()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        Assert.Equal(GapState.NotTrained, (await cluster.Group(99).GetGapsAsync()).State);
        cluster.Trainers.LearnerTraces = batch => batch.Step == 1 ? [] : Traces(batch);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2)));
        await cluster.EndedAsync();
        await ConsumedAsync(cluster, 8);
        Assert.Equal(GapState.NotKept, (await cluster.Group(0).GetGapsAsync()).State);
        Assert.Equal(GapState.Known, (await cluster.Group(4).GetGapsAsync()).State);

        string sha256 = (await cluster.Run().GetStepAsync(2))!.GapsSha256;
        await File.WriteAllBytesAsync(Place(cluster).GapsFile(sha256), [1, 2, 3], cluster.Deadline);
        Assert.Equal(GapState.Unreadable, (await cluster.Group(4).GetGapsAsync()).State);
        File.Delete(Place(cluster).GapsFile(sha256));
        Assert.Equal(GapState.Unreadable, (await cluster.Group(4).GetGapsAsync()).State);
    }

    [Fact]
    public async Task A_step_counts_though_its_gaps_cannot_be_written()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Trainers.LearnerTraces = Traces;
        // A file where the folder should be.
        Directory.CreateDirectory(cluster.RunDirectory());
        await File.WriteAllTextAsync(Place(cluster).Gaps, "", cluster.Deadline);
        await CompletedAsync(cluster);
        Assert.Equal("", (await cluster.Run().GetStepAsync(1))!.GapsSha256);
        Assert.Equal(GapState.NotKept, (await cluster.Group(0).GetGapsAsync()).State);
    }

    [Fact]
    public async Task A_step_that_is_trained_again_names_the_file_that_was_there_before()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Trainers.LearnerTraces = Traces;
        // The first commit is lost: the learner trains the step again from the same groups.
        int failed = 0;
        cluster.Storage.BeforeWrite = (name, _) =>
        {
            if (name == "learner" && Interlocked.Increment(ref failed) == 1)
                throw new IOException("the store is away");
        };
        await CompletedAsync(cluster);
        Assert.True(cluster.Trainers.Batches.Count > 1);
        string sha256 = (await cluster.Run().GetStepAsync(1))!.GapsSha256;
        Assert.Equal([sha256 + ".bin"], Directory.GetFiles(Place(cluster).Gaps).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_manifest_of_before_reads_as_one_without_gaps()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await CompletedAsync(cluster);
        string steps = Path.Combine(cluster.RunDirectory(), "steps");
        string[] lines = [.. (await File.ReadAllLinesAsync(StepManifest.PathOf(steps, 1), cluster.Deadline)).Where(line => !line.Contains("gapsSha256", StringComparison.Ordinal))];
        lines = [.. lines.Select((line, i) => i + 1 < lines.Length && lines[i + 1].Trim() is "}" or "}," ? line.TrimEnd(',') : line)];
        await File.WriteAllLinesAsync(StepManifest.PathOf(steps, 7), lines, cluster.Deadline);
        Assert.Equal("", (await StepManifest.ReadAsync(steps, 7, cluster.Deadline))!.Summary.GapsSha256);
        Assert.Null(await cluster.Run().GetStepAsync(7));
        Assert.Null(await cluster.Run().GetStepAsync(0));
    }

    private static RunPlace Place(EtrCluster cluster) => new("run", cluster.RunDirectory());

    private static async Task CompletedAsync(EtrCluster cluster)
    {
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));
        Assert.Equal(RunState.Completed, (await cluster.EndedAsync()).State);
        await ConsumedAsync(cluster, 4);
    }

    private static async Task ConsumedAsync(EtrCluster cluster, int groups)
    {
        foreach (int ordinal in Enumerable.Range(0, groups))
            await cluster.UntilAsync(() => cluster.Group(ordinal).TouchAsync(), pulse => pulse.Phase == GroupPhase.Consumed);
    }

    private static IReadOnlyList<LearnerTrace> Traces(TrainingBatch batch) =>
    [
        .. batch.Groups.SelectMany(group => group.Traces.Select((trace, slot) =>
            new LearnerTrace(group.Ordinal, slot, [.. trace.LogProbs.Select(value => value + 0.25f)], UpdatesBefore: 2))),
    ];
}
