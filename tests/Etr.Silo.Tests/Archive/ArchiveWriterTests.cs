using Etr.Core.Files;
using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Learners;
using Etr.Silo.Archive;
using Etr.Silo.Configuration;
using Etr.Tests.Shared;
using Parquet;
using Parquet.Serialization;

namespace Etr.Silo.Tests.Archive;

public sealed class ArchiveWriterTests : IDisposable
{
    private const int Slots = 4;
    private static readonly RewardPlan Rewards = RewardPlan.Of(new RewardOptions());

    private readonly string _folder = Directory.CreateTempSubdirectory("etr-archive-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RunPlace Run => new("one", Path.Combine(_folder, "run"));

    private string Archive => Path.Combine(_folder, "archive");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_step_group_and_trace_is_there_as_it_was_paid()
    {
        await CommitAsync(1, 2, 3);
        Writer().Write(3, all: true, Cancellation);

        ArchivePart part = Assert.Single(ArchivePart.Of(Archive));
        Assert.Equal((1, 3), (part.First, part.Last));
        IList<ArchivedTrace> traces = await ReadAsync<ArchivedTrace>(part.TracesFile);
        Assert.Equal(3 * 2 * Slots, traces.Count);
        ArchivedTrace trace = traces.Single(row => row.Ordinal == 3 && row.Slot == 2);
        GroupTrace scored = Group(3).Traces[2];
        Assert.Equal((2, 1, 3L, 4L), (trace.Step, trace.Prompt, trace.OldestVersion, trace.NewestVersion));
        Assert.Equal(scored.Tokens.Select(token => token.Id), trace.Tokens);
        Assert.Equal(scored.Tokens.Select(token => token.LogProb), trace.LogProbs);
        Assert.Equal(scored.Tokens.Select(token => token.Entropy), trace.Entropies);
        Assert.Equal((scored.Payment.Reward, scored.Payment.Advantage), (trace.Reward, trace.Advantage));
        Assert.Equal("a\n\nb\n\n<script>\n\n", trace.Text);
        // Steps end at blank lines: two tokens each, of entropies 0.1 · slot + 0.5 / 0.25 / 0.125.
        Assert.Equal([0.7, 0.45, 0.325], trace.StepEntropies, (left, right) => Math.Abs(left - right) < 1e-6);
        Assert.Equal(3, trace.ReasoningSteps);
        Assert.Null(traces.First(row => row.Slot == 3).Correct);
        Assert.Equal("no number", traces.First(row => row.Slot == 3).Unscorable);

        IList<ArchivedGroup> groups = await ReadAsync<ArchivedGroup>(part.GroupsFile);
        Assert.Equal([0, 1, 2, 3, 4, 5], groups.Select(group => (int)group.Ordinal));
        Assert.All(groups, group => Assert.Equal((Slots, 2, 1, 6.0), (group.Traces, group.Right, group.Unscorable, group.Length)));

        await using FileStream stream = File.OpenRead(part.StepsFile);
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream, cancellationToken: Cancellation);
        string[] columns = [.. reader.Schema.Fields.Select(field => field.Name)];
        Assert.Contains("r_trend_length", columns);
        Assert.Contains("policy_sha256", columns);
        Assert.DoesNotContain("held_out_accuracy", columns);
    }

    [Fact]
    public async Task Parts_are_closed_by_size_hold_whole_steps_and_go_on_after_a_restart()
    {
        await CommitAsync(1, 2, 3, 4, 5);
        // A part closes at a mebibyte of groups' files, and each of these takes more than that a step.
        var small = new ArchiveSettings { PartMegabytes = 1 };
        await GrowAsync(3);
        Writer(small).Write(4, all: false, Cancellation);
        Assert.Equal([(1, 3)], Parts());

        Writer(small).Write(5, all: true, Cancellation);
        Assert.Equal([(1, 3), (4, 5)], Parts());
        Writer(small).Write(5, all: true, Cancellation);
        Assert.Equal([(1, 3), (4, 5)], Parts());
    }

    [Fact]
    public async Task A_part_that_a_crash_left_unfinished_is_made_again()
    {
        await CommitAsync(1, 2);
        Writer().Write(2, all: true, Cancellation);
        ArchivePart part = Assert.Single(ArchivePart.Of(Archive));
        File.Delete(part.StepsFile);

        Writer().Write(2, all: true, Cancellation);
        Assert.Equal([(1, 2)], Parts());
        Assert.Equal(2 * 2 * Slots, (await ReadAsync<ArchivedTrace>(part.TracesFile)).Count);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    public async Task A_share_of_the_traces_is_kept_the_same_every_time(double share)
    {
        await CommitAsync([.. Enumerable.Range(1, 40)]);
        var settings = new ArchiveSettings { Traces = share };
        Writer(settings).Write(40, all: true, Cancellation);
        ArchivePart part = Assert.Single(ArchivePart.Of(Archive));
        (long, int)[] kept = [.. (await ReadAsync<ArchivedTrace>(part.TracesFile)).Select(row => (row.Ordinal, row.Slot))];
        // 320 traces: three deviations are 27.
        Assert.InRange(kept.Length, share * 320 - 27, share * 320 + 27);
        Assert.Equal(80, (await ReadAsync<ArchivedGroup>(part.GroupsFile)).Count);

        part.Delete();
        Writer(settings).Write(40, all: true, Cancellation);
        Assert.Equal(kept, (await ReadAsync<ArchivedTrace>(part.TracesFile)).Select(row => (row.Ordinal, row.Slot)));
    }

    [Fact]
    public async Task The_oldest_parts_go_when_there_is_no_more_room_and_the_newest_stays()
    {
        await CommitAsync(1, 2, 3);
        foreach (int step in (int[])[1, 2, 3])
            Writer().Write(step, all: true, Cancellation);
        Assert.Equal([(1, 1), (2, 2), (3, 3)], Parts());
        foreach (ArchivePart old in ArchivePart.Of(Archive))
            await File.WriteAllBytesAsync(old.TracesFile, new byte[700_000], Cancellation);

        await CommitAsync(4);
        Writer(new ArchiveSettings { MaximumMegabytes = 1 }).Write(4, all: true, Cancellation);
        Assert.Equal([(3, 3), (4, 4)], Parts());
    }

    [Fact]
    public async Task Parts_go_by_age()
    {
        await CommitAsync(1, 2);
        Writer().Write(1, all: true, Cancellation);
        File.SetLastWriteTimeUtc(ArchivePart.Of(Archive)[0].StepsFile, DateTime.UtcNow.AddDays(-3));
        Writer(new ArchiveSettings { Days = 2 }).Write(2, all: true, Cancellation);
        Assert.Equal([(2, 2)], Parts());
    }

    [Fact]
    public async Task A_group_whose_file_is_gone_is_counted_and_the_rest_is_written()
    {
        await CommitAsync(1);
        File.Delete(Run.GroupFile(DurableFile.Sha256(GroupBodyCodec.Write(Group(0)))));
        ArchiveWriter writer = Writer();
        writer.Write(1, all: true, Cancellation);
        Assert.Equal(1, writer.Lost);
        Assert.Equal(1, Assert.Single(await ReadAsync<ArchivedGroup>(ArchivePart.Of(Archive)[0].GroupsFile)).Ordinal);
    }

    [Fact]
    public async Task What_comes_after_a_step_that_is_not_there_yet_waits()
    {
        await CommitAsync(1, 3);
        Writer().Write(3, all: true, Cancellation);
        Assert.Equal([(1, 1)], Parts());
    }

    private static async Task<IList<T>> ReadAsync<T>(string path)
        where T : class, new()
    {
        await using FileStream stream = File.OpenRead(path);
        return [.. (await ParquetSerializer.DeserializeAsync<T>(stream, cancellationToken: Cancellation)).Data];
    }

    private ArchiveWriter Writer(ArchiveSettings? settings = null) => new(Run, Archive, Rewards, settings ?? new ArchiveSettings(), TimeProvider.System);

    private IEnumerable<(int, int)> Parts() => ArchivePart.Of(Archive).Select(part => (part.First, part.Last));

    // Two groups a step, by the learner's own way of keeping them.
    private async Task CommitAsync(params int[] steps)
    {
        foreach (int step in steps)
        {
            List<ManifestGroup> groups = [];
            for (int ordinal = 2 * (step - 1); ordinal < 2 * step; ordinal++)
            {
                byte[] bytes = GroupBodyCodec.Write(Group(ordinal));
                string sha256 = DurableFile.Sha256(bytes);
                await DurableFile.WriteAsync(Run.GroupFile(sha256), bytes, Cancellation);
                groups.Add(new ManifestGroup(ordinal, ordinal % 2, ordinal / 2, sha256));
            }

            var manifest = new StepManifest { Step = step, Groups = [.. groups], PolicySha256 = "", Summary = StepSamples.Step(step) };
            await manifest.WriteAsync(Path.Combine(Run.Directory, "steps"), Cancellation);
        }
    }

    // A file that is longer than a group's is measured all the same, and read as lost.
    private async Task GrowAsync(int step) =>
        await File.WriteAllBytesAsync(Run.GroupFile(DurableFile.Sha256(GroupBodyCodec.Write(Group(2 * (step - 1))))), new byte[1 << 20], Cancellation);

    private static GroupBody Group(int ordinal) => new(ordinal, ordinal % 2, ordinal / 2, 3, [1, 2],
        [.. Enumerable.Range(0, Slots).Select(slot => new GroupTrace(
            Tokens(slot), Truncated: false, new Verdict(slot < 2, "5", "as it should be"), new TracePayment(1 + slot, -0.1 * slot, 1, slot, 0.5 - slot))
        {
            Unscorable = slot == 3 ? "no number" : null,
        })]);

    private static SampledToken[] Tokens(int slot) =>
    [
        .. ((string[])["a", "\n\n", "b", "\n\n", "<script>", "\n\n"]).Select((text, i) =>
            new SampledToken(10 * slot + i, text, -0.5f, 0.1f * slot + 0.5f / (1 << (i / 2)), 0, false, 3 + i / 4)),
    ];
}
