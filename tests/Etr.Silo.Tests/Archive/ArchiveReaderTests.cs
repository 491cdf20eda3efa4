using System.Globalization;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Archive;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace Etr.Silo.Tests.Archive;

public sealed class ArchiveReaderTests : IDisposable
{
    private readonly SampleRun _run = new(prompts: 3);
    private readonly List<string> _unread = [];
    private readonly ArchiveReader _reader;

    public ArchiveReaderTests() => _reader = new ArchiveReader(_run.Archive, (part, reason) => _unread.Add(string.Create(CultureInfo.InvariantCulture, $"{part.First}–{part.Last}: {reason}")));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task Summaries_come_back_exactly_as_the_manifests_have_them()
    {
        await WriteAsync(3, 6);

        List<StepSummary> read = Steps(2, 5);

        Assert.Equal([2, 3, 4, 5], read.Select(step => step.Step));
        foreach (StepSummary step in read)
        {
            StepManifest manifest = (await StepManifest.ReadAsync(Path.Combine(_run.Place.Directory, "steps"), step.Step, Cancellation))!;
            Assert.Equal(StepManifest.TextOf(manifest.Summary), StepManifest.TextOf(step));
        }

        Assert.Empty(_unread);
    }

    [Fact]
    public async Task A_range_without_an_archive_and_one_that_nobody_wrote_yet_are_empty()
    {
        Assert.Empty(Steps(1, 10));
        await WriteAsync(3);
        Assert.Empty(Steps(4, 10));
        Assert.Equal([3], Steps(3, 10).Select(step => step.Step));
    }

    [Fact]
    public async Task A_part_that_is_being_written_is_neither_read_nor_taken_away()
    {
        await WriteAsync(3, 6);
        ArchivePart second = ArchivePart.Whole(_run.Archive)[1];
        File.Delete(second.StepsFile);

        Assert.Equal([1, 2, 3], Steps(1, 6).Select(step => step.Step));
        Assert.True(File.Exists(second.TracesFile));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("noise")]
    [InlineData("cut off")]
    [InlineData("footer")]
    [InlineData("bytes")]
    [InlineData("no summaries")]
    [InlineData("numbers")]
    [InlineData("no row for a step")]
    [InlineData("other steps")]
    [InlineData("null")]
    [InlineData("no JSON")]
    [InlineData("long")]
    public async Task A_part_that_is_broken_is_passed_over_and_told_of(string how)
    {
        await WriteAsync(3, 6);
        await BreakAsync(ArchivePart.Whole(_run.Archive)[0].StepsFile, how);

        Assert.Equal([4, 5, 6], Steps(1, 6).Select(step => step.Step));
        Assert.StartsWith("1–3: ", Assert.Single(_unread), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_that_overlap_give_every_step_once()
    {
        await WriteAsync(3, 6);
        await RewriteAsync(new ArchivePart(_run.Archive, 2, 5).StepsFile, [.. Enumerable.Range(2, 4).Select(step => StepManifest.TextOf(SampleRun.Summary(step)))]);

        Assert.Equal([1, 2, 3, 4, 5, 6], Steps(1, 6).Select(step => step.Step));
    }

    [Fact]
    public async Task A_reading_that_is_cut_short_gives_what_it_has()
    {
        await WriteAsync(3);
        Assert.Empty(_reader.Steps(1, 3, new CancellationToken(canceled: true)));
        Assert.Empty(_unread);
        Assert.Throws<OperationCanceledException>(() => _reader.Rounds(ArchivePart.Whole(_run.Archive)[0], new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task A_part_has_its_rounds_newest_first_with_the_trace_of_their_first_slot()
    {
        await WriteAsync(3);

        List<RunRound> rounds = Rounds()!;

        Assert.Equal([5L, 4, 3, 2, 1, 0], rounds.Select(round => round.Ordinal));
        Assert.Equal((3, 2, 1, 3L, 0), (rounds[0].Step, rounds[0].Prompt, rounds[0].Round, rounds[0].PolicyVersion, rounds[0].Slot));
        Assert.Equal((2.0 / 3, 6.0, 3), (rounds[0].Accuracy, rounds[0].Length, rounds[0].ReasoningSteps));
        Assert.Equal([0.5, 0.25, 0.125], rounds[0].StepEntropies, (left, right) => Math.Abs(left - right) < 1e-6);
    }

    [Theory]
    [InlineData("groups", "noise")]
    [InlineData("groups", "no summaries")]
    [InlineData("traces", "nothing")]
    [InlineData("traces", "cut off")]
    [InlineData("traces", "bytes")]
    [InlineData("traces", "numbers")]
    public async Task Rounds_of_a_broken_part_are_passed_over(string file, string how)
    {
        await WriteAsync(3);
        ArchivePart part = ArchivePart.Whole(_run.Archive)[0];
        await BreakAsync(file == "groups" ? part.GroupsFile : part.TracesFile, how);

        Assert.Null(Rounds());
        Assert.Single(_unread);
    }

    [Fact]
    public async Task Groups_that_cannot_be_of_a_part_break_it()
    {
        await WriteAsync(3);
        ArchivePart part = ArchivePart.Whole(_run.Archive)[0];
        ArchivedGroup[] good;
        await using (FileStream stream = File.OpenRead(part.GroupsFile))
            good = [.. (await ParquetSerializer.DeserializeAsync<ArchivedGroup>(stream, cancellationToken: Cancellation)).Data];
        foreach (Action<ArchivedGroup> spoil in (Action<ArchivedGroup>[])[group => group.Step = 4, group => group.Prompt = -1, group => group.Right = 5, group => group.Unscorable = -1, group => group.Right = int.MaxValue])
        {
            ArchivedGroup[] rows = [.. good];
            (int step, int prompt, int right, int unscorable) = (rows[1].Step, rows[1].Prompt, rows[1].Right, rows[1].Unscorable);
            spoil(rows[1]);
            await using (FileStream stream = File.Create(part.GroupsFile))
                await ParquetSerializer.SerializeAsync(rows, stream, cancellationToken: Cancellation);
            Assert.Null(Rounds());
            (rows[1].Step, rows[1].Prompt, rows[1].Right, rows[1].Unscorable) = (step, prompt, right, unscorable);
        }

        Assert.Equal(5, _unread.Count);
    }

    private List<StepSummary> Steps(int first, int last) => _reader.Steps(first, last, Cancellation);

    private List<RunRound>? Rounds() => _reader.Rounds(ArchivePart.Whole(_run.Archive)[0], Cancellation);

    private async Task WriteAsync(params int[] ends)
    {
        foreach (int end in ends)
        {
            await _run.CommitAsync([.. Enumerable.Range(1, end)]);
            _run.Writer().Write(end, all: true, Cancellation);
        }
    }

    private static async Task BreakAsync(string path, string how)
    {
        byte[] bytes = await File.ReadAllBytesAsync(path, Cancellation);
        switch (how)
        {
            case "nothing":
                await File.WriteAllBytesAsync(path, [], Cancellation);
                break;
            case "noise":
                new Random(5).NextBytes(bytes);
                await File.WriteAllBytesAsync(path, bytes, Cancellation);
                break;
            case "cut off":
                await File.WriteAllBytesAsync(path, bytes[..(bytes.Length / 2)], Cancellation);
                break;
            case "footer":
                BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 8), int.MaxValue);
                await File.WriteAllBytesAsync(path, bytes, Cancellation);
                break;
            case "bytes":
                // Its pages' headers and what is in them: all but the footer.
                bytes.AsSpan(4, bytes.Length - 12 - BitConverter.ToInt32(bytes, bytes.Length - 8)).Fill(0xFF);
                await File.WriteAllBytesAsync(path, bytes, Cancellation);
                break;
            case "no summaries":
                await RewriteAsync(path, [1.5, 2.5, 3.5], "reward");
                break;
            case "numbers":
                await RewriteAsync(path, [1.5, 2.5, 3.5]);
                break;
            case "no row for a step":
                await RewriteAsync(path, [Text(1), Text(2)]);
                break;
            case "other steps":
                await RewriteAsync(path, [Text(1), Text(3), Text(2)]);
                break;
            case "null":
                await RewriteAsync(path, [Text(1), null, Text(3)]);
                break;
            case "no JSON":
                await RewriteAsync(path, [Text(1), Text(2)[..40], Text(3)]);
                break;
            default:
                await RewriteAsync(path, [Text(1), Text(2).Insert(1, new string(' ', 2 << 20)), Text(3)]);
                break;
        }
    }

    private static string Text(int step) => StepManifest.TextOf(SampleRun.Summary(step));

    private static async Task RewriteAsync<T>(string path, T[] values, string column = ArchivedSteps.Summary)
    {
        var schema = new ParquetSchema(new DataField<T>(column));
        List<IDictionary<string, object?>> rows = [.. values.Select(value => new Dictionary<string, object?> { [column] = value })];
        await using FileStream stream = File.Create(path);
        await ParquetSerializer.SerializeUntypedAsync(rows, schema, stream, new ParquetOptions(), null, Cancellation);
    }
}
