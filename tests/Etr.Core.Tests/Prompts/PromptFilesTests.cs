using System.Diagnostics;
using System.Text;
using Etr.Core.Prompts;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Prompts;

public sealed class PromptFilesTests : IDisposable
{
    private readonly PromptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_outside_the_difficulty_are_left_out_and_counted()
    {
        PromptFiles files = _folder.Read(
            new DatasetOptions { MinDifficulty = 5, MaxDifficulty = 10 },
            PromptFolder.Row("a", difficulty: 4.5), PromptFolder.Row("b", difficulty: 5), PromptFolder.Row("c", difficulty: 10), PromptFolder.Row("d", difficulty: 10.5), PromptFolder.Row("e"));
        Assert.Equal(["b", "c"], Texts(files.Training));
        Assert.Equal(3, files.Report.ByDifficulty);
    }

    [Fact]
    public void Of_equal_questions_the_first_is_kept_and_other_answers_are_counted()
    {
        string[] rows = [PromptFolder.Row("What  is\n1+1?", "2"), PromptFolder.Row("what is 1+1?", "2"), PromptFolder.Row("What is 1+1? ", "3"), PromptFolder.Row("What is 1+2?", "3")];
        PromptFiles files = _folder.Read(new DatasetOptions(), rows);
        Assert.Equal(["What  is\n1+1?", "What is 1+2?"], Texts(files.Training));
        Assert.Equal((2, 1), (files.Report.Duplicates, files.Report.Conflicts));
        Assert.Equal(4, _folder.Read(new DatasetOptions { Deduplicate = false }, rows).Training.Count);
    }

    [Fact]
    public void The_first_rows_are_those_that_pass_the_filters()
    {
        PromptFiles files = _folder.Read(new DatasetOptions { MinDifficulty = 5, Rows = 2 }, [.. Enumerable.Range(0, 8).Select(i => PromptFolder.Row($"q{i}", difficulty: i))]);
        Assert.Equal(["q5", "q6"], Texts(files.Training));
    }

    [Fact]
    public void A_prompt_over_the_limit_is_left_out_and_one_over_the_context_is_a_bad_row()
    {
        string[] rows = [PromptFolder.Row("1234"), PromptFolder.Row("12345678"), PromptFolder.Row("123456789012"), PromptFolder.Row("!")];
        var options = new PromptFileOptions { Measure = new Letters(Room: 10), BadRows = BadRowPolicy.Skip, Dataset = new DatasetOptions { MaxPromptTokens = 6 } };
        PromptFiles limited = _folder.Read(options, rows);
        Assert.Equal((1, 2, 1), (limited.Training.Count, limited.Report.TooLong, limited.Report.Bad));

        PromptFiles free = _folder.Read(options with { Dataset = new DatasetOptions() }, rows);
        Assert.Equal(["1234", "12345678"], Texts(free.Training));
        Assert.Equal([3L, 4L], free.Report.BadRows.Select(row => row.Line));
        Assert.Contains("12 tokens, and the policy's context leaves room for 10", free.Report.BadRows[0].Reason, StringComparison.Ordinal);
        Assert.Contains("no letter for '!'", free.Report.BadRows[1].Reason, StringComparison.Ordinal);
        Assert.Throws<PromptFileException>(() => _folder.Read(options with { BadRows = BadRowPolicy.Fatal }, rows));
    }

    [Property(MaxTest = 30)]
    public void Adding_removing_or_moving_rows_moves_no_question_to_the_other_side(int seed)
    {
        var random = new Random(seed);
        string[] rows = [.. Enumerable.Range(0, 60).Select(i => PromptFolder.Row($"question {seed} {i}"))];
        var options = new DatasetOptions { HeldOutShare = 0.3, SplitSeed = Math.Abs((long)seed) };
        HashSet<string> before = [.. Texts(_folder.Read(options, rows).HeldOut)];

        string[] fewer = [.. rows.Where(_ => random.Next(2) == 0), PromptFolder.Row("one more")];
        random.Shuffle(fewer);
        PromptFiles after = _folder.Read(options, fewer);
        Assert.All(Texts(after.HeldOut).Where(text => text != "one more"), text => Assert.Contains(text, before));
        Assert.All(Texts(after.Training), text => Assert.DoesNotContain(text, before));
    }

    [Fact]
    public void The_share_that_is_held_out_is_met_within_chance_and_another_seed_splits_otherwise()
    {
        string[] rows = [.. Enumerable.Range(0, 7000).Select(i => PromptFolder.Row($"q{i}"))];
        PromptFiles one = _folder.Read(new DatasetOptions { HeldOutShare = 0.05 }, rows);
        PromptFiles other = _folder.Read(new DatasetOptions { HeldOutShare = 0.05, SplitSeed = 1 }, rows);

        // 350, and five standard deviations of a binomial around it.
        Assert.InRange(one.HeldOut!.Count, 259, 441);
        Assert.Equal(7000, one.HeldOut.Count + one.Training.Count);
        Assert.InRange(Texts(one.HeldOut).Intersect(Texts(other.HeldOut)).Count(), 0, 60);
    }

    [Theory]
    [InlineData("fail")]
    [InlineData("warn")]
    [InlineData("drop")]
    public void Training_on_held_out_questions_is_refused_told_or_undone(string overlap)
    {
        RunConfiguration run = Run(overlap);
        if (overlap == "fail")
        {
            string message = Assert.Throws<PromptFileException>(() => new PromptSetFactory().Both(run, CancellationToken.None)).Message;
            Assert.Contains("2 of 3 training prompts", message, StringComparison.Ordinal);
            Assert.Contains("'train/1'", message, StringComparison.Ordinal);
            return;
        }

        PromptSets sets = new PromptSetFactory().Both(run, CancellationToken.None);
        Assert.Equal(overlap == "drop" ? ["c"] : ["a", "b", "c"], Texts(sets.Training));
        Assert.Equal(["B", "x", "a"], Texts(sets.HeldOut));
        Assert.Equal(overlap == "warn" ? 1 : 0, sets.Warnings.Count);
    }

    [Fact]
    public void A_runs_own_copy_reads_back_as_what_was_asked_whatever_became_of_the_file()
    {
        string[] rows = [PromptFolder.Row("a\n\u2028\"ü\"", "1", 3.5), """{"id":"x","problem":"b","answer":2,"subject":"S"}"""];
        PromptFiles files = _folder.Read(new DatasetOptions { Template = "<{prompt}>" }, rows);
        string copy = Path.Combine(_folder.Root, "copy.jsonl");
        using (FileStream stream = File.Create(copy))
            PreparedPrompts.Write(files.Training, stream, CancellationToken.None);

        var prepared = PromptFileSet.Load(copy, new PromptFileOptions { Dataset = new DatasetOptions { Layout = DatasetOptions.Prepared } }, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 2).Select(i => files.Training[i]), Enumerable.Range(0, 2).Select(i => prepared[i]));

        _folder.Write("train.jsonl", "{}");
        Assert.Contains("has changed", Assert.Throws<PromptFileException>(() => files.Training[0]).Message, StringComparison.Ordinal);
        Assert.Equal("<b>", prepared[1].Text);
    }

    [Fact]
    public void A_packed_file_is_refused_by_name()
    {
        string path = Path.Combine(_folder.Root, "train.jsonl.gz");
        File.WriteAllBytes(path, [0x1F, 0x8B, 8, 0]);
        Assert.Contains("gunzip", Assert.Throws<PromptFileException>(() => PromptSource.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_million_rows_are_ready_in_seconds_and_held_as_an_index()
    {
        const int Rows = 1_000_000;
        string path = Path.Combine(_folder.Root, "million.jsonl");
        using (var writer = new StreamWriter(path, append: false, Encoding.ASCII, 1 << 20))
        {
            for (int i = 0; i < Rows; i++)
                writer.Write($"{{\"id\":\"m/{i}\",\"problem\":\"Natalia sold clips to {i} of her friends in April, and then she sold half as many clips in May. How many clips did Natalia sell altogether in April and May?\",\"answer\":\"{i + i / 2}\",\"level\":3}}\n");
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        long started = Stopwatch.GetTimestamp();
        var set = PromptFileSet.Load(path, cancellationToken: TestContext.Current.CancellationToken);
        PromptItem first = set[0];
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Current.SendDiagnosticMessage($"{Rows} rows, {new FileInfo(path).Length >> 20} MiB: first prompt after {took.TotalSeconds:0.00} s, {held >> 20} MiB held");

        Assert.Equal(Rows, set.Count);
        Assert.Equal("m/0", first.Id);
        Assert.Equal("m/999999", set[Rows - 1].Id);

        // The set itself is an index. Time depends on who else is at work here, so the bound is a loose one.
        Assert.InRange(held, 0, 64L << 20);
        Assert.InRange(took.TotalSeconds, 0, 20);
        GC.KeepAlive(set);
    }

    private RunConfiguration Run(string overlap) => new()
    {
        Task = new TaskOptions
        {
            Name = "jsonl",
            Data = _folder.Write("train.jsonl", PromptFolder.Row("a"), PromptFolder.Row("b"), PromptFolder.Row("c")),
            HeldOutData = _folder.Write("test.jsonl", PromptFolder.Row("B"), PromptFolder.Row("x"), PromptFolder.Row("a")),
        },
        Dataset = new DatasetOptions { Overlap = overlap },
    };

    private static List<string> Texts(IPromptSet? prompts) => [.. Enumerable.Range(0, prompts?.Count ?? 0).Select(i => prompts![i].Text)];

    // A token a letter, and none for other characters.
    private sealed record Letters(int Room) : IPromptMeasure
    {
        public int Tokens(string prompt, int enough) => prompt.All(char.IsLetterOrDigit) ? prompt.Length : throw new ArgumentException("no letter for '!'");
    }
}
