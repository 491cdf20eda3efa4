using Etr.Core.Prompts;
using Etr.Core.Runs;
using Etr.Core.Tasks;

namespace Etr.Core.Tests.Prompts;

public sealed class RowLayoutTests : IDisposable
{
    private const string Verl = """{"data_source":"openai/gsm8k","prompt":[{"content":"Q?","role":"user"}],"ability":"math","reward_model":{"ground_truth":"72","style":"rule"},"extra_info":{"split":"train","index":7,"answer":"no"}}""";
    private const string Gpqa = """{"Question":"Which?","Correct Answer":"right","Incorrect Answer 1":"w1","Incorrect Answer 2":"w2","Incorrect Answer 3":"w3","Record ID":"rec1","High-level domain":"Physics"}""";

    private readonly PromptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"question":"Q?","answer":"so 1 + 71 = <<1+71=72>>72\n#### 1,072"}""", "train/1", "1072", null, null)]
    [InlineData("""{"problem":"Q?","level":"Level 5","type":"Algebra","solution":"we get $\\boxed{\\frac{1}{2}}$."}""", "train/1", "\\frac{1}{2}", "Algebra", 5.0)]
    [InlineData("""{"question":"Q?","final_answer":"\\infty","difficulty":6.5,"topic":"Calculus","r1_solution_1":"long"}""", "train/1", "\\infty", "Calculus", 6.5)]
    [InlineData(Verl, "openai/gsm8k/train/7", "72", "openai/gsm8k", null)]
    [InlineData("""{"problem":"Q?","answer":"p - q","solution":"\\boxed{z}","subject":"Algebra","level":2,"unique_id":"test/1.json"}""", "test/1.json", "p - q", "Algebra", 2.0)]
    [InlineData("""{"id":3,"question":"Q?","answer":27.0,"url":"u"}""", "3", "27.0", null, null)]
    [InlineData("""{"ID":"2024-I-1","Problem":"Q?","Solution":"s","Answer":204}""", "2024-I-1", "204", null, null)]
    public void Published_layouts_are_known_by_their_names(string row, string id, string answer, string? category, double? difficulty) =>
        Assert.Equal(new PromptItem(id, "Q?", answer) { Category = category, Difficulty = difficulty }, _folder.Read(new DatasetOptions(), row).Training[0]);

    [Theory]
    [InlineData("""{"question":"Q?","answer":"#### 2"}""", """{"question":"R?","answer":"2"}""", "'answer' has no '####'")]
    [InlineData("""{"problem":"Q?","solution":"\\boxed{2}"}""", """{"problem":"R?","solution":"2"}""", "'solution' has no \\boxed{}")]
    [InlineData(Verl, """{"prompt":[{"content":"R?","role":"user"}],"reward_model":{}}""", "'reward_model.ground_truth'")]
    [InlineData(Verl, """{"prompt":[{"content":"R?","role":"user"},{"content":"yes","role":"assistant"}],"reward_model":{"ground_truth":"1"}}""", "'prompt' is a list")]
    [InlineData(Gpqa, """{"Question":"Which?","Correct Answer":"right","Incorrect Answer 1":"","Incorrect Answer 2":"w2","Incorrect Answer 3":"w3"}""", "4 answers")]
    public void A_row_that_lacks_what_its_layout_needs_is_named(string first, string second, string reason)
    {
        PromptFileException e = Assert.Throws<PromptFileException>(() => _folder.Read(new DatasetOptions(), first, second));
        Assert.Equal(2, e.Row!.Line);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_no_known_layout_is_refused_with_what_it_has()
    {
        string message = Assert.Throws<PromptFileException>(() => _folder.Read(new DatasetOptions(), """{"text":"Q?","label":"2"}""")).Message;
        Assert.Contains("members text, label", message, StringComparison.Ordinal);
        Assert.Contains("Etr:Dataset:Prompt", message, StringComparison.Ordinal);
        Assert.Contains("no layout 'gsm8k' fits", Assert.Throws<PromptFileException>(() => _folder.Read(new DatasetOptions { Layout = "gsm8k" }, PromptFolder.Row("Q?"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_named_by_the_settings_take_a_layouts_place()
    {
        var options = new DatasetOptions { Prompt = "text", Answer = "meta.label", AnswerForm = "boxed", Id = "meta.key", Category = "kind", Difficulty = "meta.hard" };
        PromptItem item = _folder.Read(options, """{"text":"Q?","kind":"a","meta":{"label":"\\boxed{2}","key":5,"hard":"3"}}""").Training[0];
        Assert.Equal(new PromptItem("5", "Q?", "2") { Category = "a", Difficulty = 3 }, item);

        // One member alone replaces one of the layout that fits.
        Assert.Equal("9", _folder.Read(new DatasetOptions { Answer = "other" }, """{"problem":"Q?","answer":"1","other":9}""").Training[0].Answer);
    }

    [Fact]
    public void A_system_message_stands_before_the_users() =>
        Assert.Equal("Be brief.\n\nQ?", _folder.Read(new DatasetOptions(), """{"prompt":[{"role":"system","content":"Be brief."},{"role":"user","content":"Q?"}],"reward_model":{"ground_truth":"1"}}""").Training[0].Text);

    [Fact]
    public void Multiple_choice_gives_each_answer_one_letter_and_the_gold_the_right_ones()
    {
        var letters = new HashSet<string>();
        for (int i = 0; i < 200; i++)
        {
            PromptItem item = _folder.Read(new DatasetOptions(), Gpqa.Replace("Which?", $"Which {i}?", StringComparison.Ordinal)).Training[0];
            string[] lines = item.Text.Split('\n');
            Assert.Equal($"Which {i}?", lines[0]);
            Assert.Equal(["A.", "B.", "C.", "D."], lines[2..].Select(line => line[..2]));
            Assert.Equal(["right", "w1", "w2", "w3"], lines[2..].Select(line => line[3..]).Order(StringComparer.Ordinal));
            Assert.Contains($"{item.Answer}. right", lines);
            letters.Add(item.Answer);
        }

        Assert.Equal(4, letters.Count);
    }

    [Theory]
    [InlineData("none", "Q?")]
    [InlineData("boxed", "Q?\n\nPlease reason step by step, and put your final answer within \\boxed{}")]
    [InlineData("Solve: {prompt} =", "Solve: Q? =")]
    public void The_template_goes_around_the_question(string template, string expected) =>
        Assert.Equal(expected, _folder.Read(new DatasetOptions { Template = template }, PromptFolder.Row("Q?")).Training[0].Text);
}
