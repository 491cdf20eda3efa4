using Etr.Grains.Runs;
using Etr.Silo.Archive;
using Etr.Silo.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Silo.Tests.Archive;

public sealed class RoundReaderTests : IDisposable
{
    private const int Prompts = 9;

    private readonly SampleRun _run = new(Prompts);
    private readonly List<int> _unread = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task A_part_tells_of_a_round_what_the_record_tells()
    {
        await _run.CommitAsync(1, 2, 3, 4);
        RunRound[] recorded = Page(4).Rounds;
        _run.Writer().Write(4, all: true, Cancellation);
        foreach (string file in Directory.EnumerateFiles(_run.Place.Groups))
            File.Delete(file);

        RunRound[] archived = Page(4).Rounds;

        Assert.Equal(8, archived.Length);
        Assert.Equal(recorded.Select(Text), archived.Select(Text));
    }

    [Fact]
    public async Task Steps_that_no_part_has_come_from_the_record_and_then_the_parts_follow()
    {
        await _run.CommitAsync(1, 2, 3, 4, 5, 6);
        _run.Writer().Write(3, all: true, Cancellation);
        // Of what is archived only the archive is left; the last step is not committed for those who ask.
        foreach (int step in (int[])[1, 2, 3])
            File.Delete(Path.Combine(_run.Place.Directory, "steps", $"{step}.json"));

        RoundsPage page = Page(5);

        // Ten groups of nine prompts: the first has had its second round, which counts.
        Assert.Equal([9, 8, 7, 6, 5, 4, 3, 2, 1], page.Rounds.Select(round => round.Ordinal));
        Assert.Equal([0, 8, 7, 6, 5, 4, 3, 2, 1], page.Rounds.Select(round => round.Prompt));
        Assert.Equal((Prompts, null), (page.Prompts, page.Next));
    }

    [Fact]
    public async Task A_part_that_is_broken_is_made_up_for_by_the_record()
    {
        await _run.CommitAsync(1, 2, 3, 4);
        _run.Writer().Write(2, all: true, Cancellation);
        _run.Writer().Write(4, all: true, Cancellation);
        await File.WriteAllBytesAsync(ArchivePart.Whole(_run.Archive)[1].TracesFile, new byte[100], Cancellation);

        Assert.Equal(8, Page(4).Rounds.Length);
        Assert.Equal([3], _unread);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pages_go_on_where_the_one_before_ended_and_lose_nothing(bool archived)
    {
        await _run.CommitAsync(1, 2, 3, 4);
        if (archived)
            _run.Writer().Write(3, all: true, Cancellation);

        // So small that a page ends within a step.
        List<RoundsPage> pages = Pages(Reader(mostBytes: 1), 4);
        Assert.All(pages, page => Assert.InRange(page.Rounds.Length, 0, 1));
        Assert.Equal([7, 6, 5, 4, 3, 2, 1, 0], pages.SelectMany(page => page.Rounds).Select(round => round.Ordinal));
    }

    [Fact]
    public async Task A_page_that_takes_too_long_ends_with_what_it_has()
    {
        await _run.CommitAsync(1, 2, 3, 4);
        _run.Writer().Write(2, all: true, Cancellation);
        // Every look at the clock costs a second.
        var time = new FakeTimeProvider { AutoAdvanceAmount = RoundReader.Budget };

        List<RoundsPage> pages = Pages(Reader(time: time), 4);

        Assert.InRange(pages.Count, 8, 20);
        Assert.Equal([7, 6, 5, 4, 3, 2, 1, 0], pages.SelectMany(page => page.Rounds).Select(round => round.Ordinal));
    }

    [Fact]
    public async Task Nothing_more_is_read_once_every_prompt_is_there()
    {
        await _run.CommitAsync([.. Enumerable.Range(1, 20)]);
        _run.Writer().Write(10, all: true, Cancellation);
        await File.WriteAllBytesAsync(ArchivePart.Whole(_run.Archive)[0].GroupsFile, [], Cancellation);

        RoundsPage page = Page(20);

        Assert.Equal((Prompts, null), (page.Rounds.Length, page.Next));
        Assert.Empty(_unread);
    }

    [Fact]
    public async Task Groups_and_steps_that_are_gone_are_left_out()
    {
        await _run.CommitAsync(1, 2, 4);
        File.Delete(_run.FileOf(2));
        await File.WriteAllTextAsync(Path.Combine(_run.Place.Directory, "steps", "1.json"), "{", Cancellation);

        Assert.Equal([7, 6, 3], Page(4).Rounds.Select(round => round.Ordinal));
    }

    [Fact]
    public async Task Where_a_share_of_the_traces_is_kept_the_first_of_those_is_shown()
    {
        await _run.CommitAsync(1, 2, 3, 4);
        _run.Writer(new ArchiveSettings { Traces = 0.4 }).Write(4, all: true, Cancellation);

        RunRound[] rounds = Page(4).Rounds;

        Assert.Equal(8, rounds.Length);
        Assert.Contains(rounds, round => round.Slot > 0);
        Assert.All(rounds, round => Assert.Equal(round.Slot < 0 ? 0 : 3, round.StepEntropies.Length));
    }

    [Fact]
    public void A_run_that_is_not_seen_from_here_has_nothing() => Assert.Equal((0, null), (Page(4).Rounds.Length, Page(4).Next));

    [Fact]
    public async Task The_archive_answers_on_a_thread_of_its_own()
    {
        await _run.CommitAsync(1, 2, 3, 4);
        using var archive = new RunArchive(new ArchiveSettings(), () => [], TimeProvider.System, NullLogger<RunArchive>.Instance);
        archive.Note(_run.Place, SampleRun.Rewards, 4, ended: true);
        while (ArchivePart.Whole(_run.Archive).Count == 0)
            await Task.Yield();

        IReadOnlyList<StepSummary> steps = await archive.ReadStepsAsync(_run.Place, 1, 4);
        RoundsPage page = await archive.ReadRoundsAsync(_run.Place, SampleRun.Rewards, 4, Prompts, null);

        Assert.Equal([1, 2, 3, 4], steps.Select(step => step.Step));
        Assert.Equal(8, page.Rounds.Length);
    }

    private static string Text(RunRound round) => $"{round with { StepEntropies = [] }} {string.Join(' ', round.StepEntropies)}".Replace("System.Double[]", "", StringComparison.Ordinal);

    private RoundsPage Page(int lastStep) => Reader().Page(lastStep, Prompts, null, Cancellation);

    private static List<RoundsPage> Pages(RoundReader reader, int lastStep)
    {
        List<RoundsPage> pages = [reader.Page(lastStep, Prompts, null, Cancellation)];
        while (pages[^1].Next is { } next)
        {
            pages.Add(reader.Page(lastStep, Prompts, next, Cancellation));
            Assert.NotEqual(next, pages[^1].Next);
        }

        return pages;
    }

    private RoundReader Reader(int mostBytes = MessageSize.Most, TimeProvider? time = null) =>
        new(_run.Place, _run.Archive, SampleRun.Rewards, new ArchiveReader(_run.Archive, (part, _) => _unread.Add(part.First)), time ?? new FakeTimeProvider()) { MostBytes = mostBytes };
}
