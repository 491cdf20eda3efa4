using System.Text;
using Etr.Core.Prompts;
using Etr.Core.Tasks;

namespace Etr.Core.Tests.Prompts;

public sealed class PromptFileTests : IDisposable
{
    private const string Good = """{"id":"a","problem":"1+1?","answer":"2"}""";

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"etr-prompts-{Guid.NewGuid():N}.jsonl");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Rows_become_prompts_in_order()
    {
        Write("\uFEFF" + Good, "", """{"id":7,"problem":"2+2?","answer":4,"difficulty":3.5,"subject":"Algebra","other":[1]}""", "  \r");
        var set = Load();
        Assert.Equal(2, set.Count);
        Assert.Equal(new PromptItem("a", "1+1?", "2"), set[0]);
        Assert.Equal(new PromptItem("7", "2+2?", "4") { Difficulty = 3.5, Category = "Algebra" }, set[1]);
        Assert.Equal(Path.GetFileNameWithoutExtension(_path), set.Name);
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[1]", "a row is a JSON object")]
    [InlineData("""{"id":"","problem":"p","answer":"1"}""", "'id'")]
    [InlineData("""{"id":"b","answer":"1"}""", "'problem'")]
    [InlineData("""{"id":"b","problem":" ","answer":"1"}""", "'problem'")]
    [InlineData("""{"id":"b","problem":"p","answer":null}""", "'answer'")]
    [InlineData("""{"id":"b","problem":"p"}""", "'answer'")]
    [InlineData("""{"id":"b","problem":"\ud800","answer":"1"}""", "surrogate")]
    [InlineData(Good, "used before")]
    public void A_bad_row_is_named_with_file_line_and_reason(string row, string reason)
    {
        Write(Good, "", row, """{"id":"c","problem":"p","answer":"3"}""");
        var fatal = Assert.Throws<PromptFileException>(() => Load());
        Assert.StartsWith($"{_path}:3: ", fatal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, fatal.Message, StringComparison.Ordinal);

        var set = Load(new PromptFileOptions { BadRows = BadRowPolicy.Skip });
        Assert.Equal((2, 1), (set.Count, set.Report.Bad));
        Assert.Equal(fatal.Row, Assert.Single(set.Report.BadRows));
    }

    [Fact]
    public void A_row_that_is_no_utf_8_is_bad()
    {
        File.WriteAllBytes(_path, [.. Encoding.UTF8.GetBytes(Good), (byte)'\n', .. "{\"id\":\""u8, 0xC3, 0x28, .. "\"}\n"u8]);
        Assert.Equal(2, Assert.Throws<PromptFileException>(() => Load()).Row!.Line);
    }

    [Fact]
    public void A_line_beyond_the_bound_is_bad_and_the_next_is_read()
    {
        Write($$"""{"id":"long","problem":"{{new string('x', 100_000)}}","answer":"1"}""", Good);
        var set = Load(new PromptFileOptions { BadRows = BadRowPolicy.Skip, MaxLineBytes = 60_000 });
        Assert.Equal("a", set[0].Id);
        Assert.Equal((1, 1, "the line is longer than 60000 bytes"), (set.Count, set.Report.BadRows[0].Line, set.Report.BadRows[0].Reason));
        Assert.Equal(2, Load().Count);
    }

    [Fact]
    public void A_last_line_without_an_end_counts()
    {
        File.WriteAllText(_path, Good + "\n" + """{"id":"b","problem":"2+2?","answer":"4"}""");
        Assert.Equal(2, Load().Count);
    }

    [Fact]
    public void No_more_than_the_limit_is_read()
    {
        Write(Good, "not JSON");
        Assert.Equal(1, Load(new PromptFileOptions { Limit = 1 }).Count);
    }

    [Fact]
    public void Every_bad_row_is_counted_and_the_first_ones_are_kept()
    {
        Write([Good, .. Enumerable.Repeat("{", 50)]);
        var set = Load(new PromptFileOptions { BadRows = BadRowPolicy.Skip });
        Assert.Equal((50, 20), (set.Report.Bad, set.Report.BadRows.Count));
    }

    [Fact]
    public void A_file_without_prompts_or_that_is_not_there_is_refused()
    {
        Assert.Contains(_path, Assert.Throws<PromptFileException>(() => Load()).Message, StringComparison.Ordinal);
        Write("");
        Assert.Contains("no prompt", Assert.Throws<PromptFileException>(() => Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_ends_the_reading()
    {
        Write(Good);
        Assert.Throws<OperationCanceledException>(() => PromptFileSet.Load(_path, cancellationToken: new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData("gsm8k_test.jsonl", 0)]
    [InlineData("math500.jsonl", 0)]
    [InlineData("math_train_7474.jsonl", 4)] // four rows have no answer
    public void Real_prompt_sets_are_read(string file, int bad)
    {
        var set = PromptFileSet.Load(SharedData.Require(file), new PromptFileOptions { BadRows = BadRowPolicy.Skip }, TestContext.Current.CancellationToken);
        Assert.Equal(bad, set.Report.Bad);
        Assert.True(set.Count > 400);
    }

    private PromptFileSet Load(PromptFileOptions? options = null) =>
        PromptFileSet.Load(_path, options, TestContext.Current.CancellationToken);

    private void Write(params string[] lines) => File.WriteAllLines(_path, lines);
}
