using Etr.Core.Files;
using Etr.Core.Gaps;
using Etr.Core.Groups;
using Etr.Grains.Learners;
using Etr.Silo.Archive;
using Etr.Silo.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Parquet;
using Parquet.Serialization;

namespace Etr.Silo.Tests.Archive;

public sealed class ArchiveWriterTests : IDisposable
{
    private const int Slots = SampleRun.Slots;

    private readonly SampleRun _run = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Archive => _run.Archive;

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task Every_step_group_and_trace_is_there_as_it_was_paid()
    {
        await _run.CommitAsync(1, 2, 3);
        _run.Writer().Write(3, all: true, Cancellation);

        ArchivePart part = Assert.Single(ArchivePart.Of(Archive));
        Assert.Equal((1, 3), (part.First, part.Last));
        IList<ArchivedTrace> traces = await ReadAsync<ArchivedTrace>(part.TracesFile);
        Assert.Equal(3 * 2 * Slots, traces.Count);
        ArchivedTrace trace = traces.Single(row => row.Ordinal == 3 && row.Slot == 2);
        GroupTrace scored = _run.Group(3).Traces[2];
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
        await _run.CommitAsync(1, 2, 3, 4, 5);
        // A part closes at a mebibyte of groups' files, and each of these takes more than that a step.
        var small = new ArchiveSettings { PartMegabytes = 1 };
        await GrowAsync(3);
        _run.Writer(small).Write(4, all: false, Cancellation);
        Assert.Equal([(1, 3)], Parts());

        _run.Writer(small).Write(5, all: true, Cancellation);
        Assert.Equal([(1, 3), (4, 5)], Parts());
        _run.Writer(small).Write(5, all: true, Cancellation);
        Assert.Equal([(1, 3), (4, 5)], Parts());
    }

    [Fact]
    public async Task A_part_that_a_crash_left_unfinished_is_made_again()
    {
        await _run.CommitAsync(1, 2);
        _run.Writer().Write(2, all: true, Cancellation);
        ArchivePart part = Assert.Single(ArchivePart.Of(Archive));
        File.Delete(part.StepsFile);

        _run.Writer().Write(2, all: true, Cancellation);
        Assert.Equal([(1, 2)], Parts());
        Assert.Equal(2 * 2 * Slots, (await ReadAsync<ArchivedTrace>(part.TracesFile)).Count);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    public async Task A_share_of_the_traces_is_kept_the_same_every_time(double share)
    {
        await _run.CommitAsync([.. Enumerable.Range(1, 40)]);
        var settings = new ArchiveSettings { Traces = share };
        _run.Writer(settings).Write(40, all: true, Cancellation);
        ArchivePart part = Assert.Single(ArchivePart.Of(Archive));
        (long, int)[] kept = [.. (await ReadAsync<ArchivedTrace>(part.TracesFile)).Select(row => (row.Ordinal, row.Slot))];
        // 320 traces: three deviations are 27.
        Assert.InRange(kept.Length, share * 320 - 27, share * 320 + 27);
        Assert.Equal(80, (await ReadAsync<ArchivedGroup>(part.GroupsFile)).Count);

        part.Delete();
        _run.Writer(settings).Write(40, all: true, Cancellation);
        Assert.Equal(kept, (await ReadAsync<ArchivedTrace>(part.TracesFile)).Select(row => (row.Ordinal, row.Slot)));
    }

    [Fact]
    public async Task The_oldest_parts_go_when_there_is_no_more_room_and_the_newest_stays()
    {
        await _run.CommitAsync(1, 2, 3);
        foreach (int step in (int[])[1, 2, 3])
            _run.Writer().Write(step, all: true, Cancellation);
        Assert.Equal([(1, 1), (2, 2), (3, 3)], Parts());
        foreach (ArchivePart old in ArchivePart.Of(Archive))
            await File.WriteAllBytesAsync(old.TracesFile, new byte[700_000], Cancellation);

        await _run.CommitAsync(4);
        _run.Writer(new ArchiveSettings { MaximumMegabytes = 1 }).Write(4, all: true, Cancellation);
        Assert.Equal([(3, 3), (4, 4)], Parts());
    }

    [Fact]
    public async Task Parts_go_by_age()
    {
        await _run.CommitAsync(1, 2);
        _run.Writer().Write(1, all: true, Cancellation);
        File.SetLastWriteTimeUtc(ArchivePart.Of(Archive)[0].StepsFile, DateTime.UtcNow.AddDays(-3));
        _run.Writer(new ArchiveSettings { Days = 2 }).Write(2, all: true, Cancellation);
        Assert.Equal([(2, 2)], Parts());
    }

    [Fact]
    public async Task Parts_of_a_run_that_ended_long_ago_go_by_age_too()
    {
        await _run.CommitAsync(1, 2);
        _run.Writer().Write(1, all: true, Cancellation);
        _run.Writer().Write(2, all: true, Cancellation);
        File.SetLastWriteTimeUtc(ArchivePart.Of(Archive)[0].StepsFile, DateTime.UtcNow.AddDays(-3));

        new RunArchive(new ArchiveSettings { Days = 2 }, () => [Archive], TimeProvider.System, NullLogger<RunArchive>.Instance).Dispose();

        Assert.Equal([(2, 2)], Parts());
    }

    [Fact]
    public async Task Groups_of_archived_steps_go_where_they_are_to_be_in_the_archive_alone()
    {
        await _run.CommitAsync(1, 2, 3, 4);
        _run.Writer(new ArchiveSettings { RecordSteps = 1 }).Write(3, all: true, Cancellation);
        Assert.Equal([false, false, true, true], Kept());

        // Another process goes on where this one ended.
        _run.Writer(new ArchiveSettings { RecordSteps = 1 }).Write(4, all: true, Cancellation);
        Assert.Equal([false, false, false, true], Kept());
        Assert.Equal(4 * SampleRun.Groups * Slots, ArchivePart.Of(Archive).Sum(part => ReadAsync<ArchivedTrace>(part.TracesFile).GetAwaiter().GetResult().Count));

        bool[] Kept() => [.. Enumerable.Range(0, 4).Select(step => File.Exists(_run.FileOf(SampleRun.Groups * step)))];
    }

    [Fact]
    public async Task A_group_whose_file_is_gone_is_counted_and_the_rest_is_written()
    {
        await _run.CommitAsync(1);
        File.Delete(_run.FileOf(0));
        ArchiveWriter writer = _run.Writer();
        writer.Write(1, all: true, Cancellation);
        Assert.Equal(1, writer.Lost);
        Assert.Equal(1, Assert.Single(await ReadAsync<ArchivedGroup>(ArchivePart.Of(Archive)[0].GroupsFile)).Ordinal);
    }

    [Fact]
    public async Task What_the_learner_made_of_a_traces_tokens_is_there_where_it_was_kept()
    {
        await _run.CommitAsync(1, 2);
        StepManifest first = (await StepManifest.ReadAsync(Path.Combine(_run.Place.Directory, "steps"), 1, Cancellation))!;
        // Groups 0 and 1; slot 1 of the second did not pass through the model.
        (long Ordinal, int Slot)[] kept = [(0, 0), (0, 1), (1, 0), (1, 2)];
        byte[] gaps = StepGapsCodec.Write(new StepGaps(1,
        [
            .. kept.Select(place => new TraceGaps(place.Ordinal, place.Slot, 0, [.. Enumerable.Range(0, 6).Select(i => (Half)(0.25 * i - place.Slot))])),
        ]));
        string sha256 = DurableFile.Sha256(gaps);
        await DurableFile.WriteAsync(_run.Place.GapsFile(sha256), gaps, Cancellation);
        await (first with { Summary = first.Summary with { GapsSha256 = sha256 } }).WriteAsync(Path.Combine(_run.Place.Directory, "steps"), Cancellation);

        _run.Writer().Write(2, all: true, Cancellation);
        IList<ArchivedTrace> traces = await ReadAsync<ArchivedTrace>(ArchivePart.Of(Archive)[0].TracesFile);
        ArchivedTrace one = traces.Single(row => row is { Ordinal: 1, Slot: 2 });
        // Sampler less gap: −0.5 − (0.25 · i − 2).
        Assert.Equal([1.5f, 1.25f, 1f, 0.75f, 0.5f, 0.25f], one.LearnerLogProbs);
        Assert.Equal(kept, traces.Where(row => row.LearnerLogProbs is not null).Select(row => (row.Ordinal, row.Slot)));

        // Without the file the rest is there all the same.
        File.Delete(_run.Place.GapsFile(sha256));
        ArchivePart.Of(Archive)[0].Delete();
        _run.Writer().Write(2, all: true, Cancellation);
        Assert.All(await ReadAsync<ArchivedTrace>(ArchivePart.Of(Archive)[0].TracesFile), row => Assert.Null(row.LearnerLogProbs));
    }

    [Fact]
    public async Task What_comes_after_a_step_that_is_not_there_yet_waits()
    {
        await _run.CommitAsync(1, 3);
        _run.Writer().Write(3, all: true, Cancellation);
        Assert.Equal([(1, 1)], Parts());
    }

    private static async Task<IList<T>> ReadAsync<T>(string path)
        where T : class, new()
    {
        await using FileStream stream = File.OpenRead(path);
        return [.. (await ParquetSerializer.DeserializeAsync<T>(stream, cancellationToken: Cancellation)).Data];
    }

    private IEnumerable<(int, int)> Parts() => ArchivePart.Of(Archive).Select(part => (part.First, part.Last));

    // A file that is longer than a group's is measured all the same, and read as lost.
    private async Task GrowAsync(int step) =>
        await File.WriteAllBytesAsync(_run.FileOf(2 * (step - 1)), new byte[1 << 20], Cancellation);
}
