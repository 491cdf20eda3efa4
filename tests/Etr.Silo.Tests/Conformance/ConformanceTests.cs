using Etr.Policy.Pretraining;
using Etr.Policy.Tokenizers;
using Etr.Silo.Cli;
using Etr.Silo.Tests.Cli;

namespace Etr.Silo.Tests.Conformance;

public sealed class ConformanceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-conformance-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Right_trends_pass_for_the_presets_whose_columns_are_there()
    {
        // H = 1, 0.5, 0.75: drops 0.5 and −0.25. paper: 0.5 + (0.45 − 0.25) = 0.7; guarded: −0.25.
        string file = Write("trend.json", """
            [{ "step_entropy": [1, 0.5, 0.75], "correct": true, "trend_paper": 0.7, "trend_guarded": -0.25, "reward_paper_lambda_0.01": 1.007 }]
            """);

        Invocation all = await Invocation.RunAsync("conformance", "trend", file);
        Invocation guarded = await Invocation.RunAsync("conformance", "trend", file, "--preset", "guarded");

        Assert.Equal((ExitCodes.Done, "5 passed, 0 failed"), (all.Code, all.LastLine));
        Assert.Equal((ExitCodes.Done, "2 passed, 0 failed"), (guarded.Code, guarded.LastLine));
    }

    [Fact]
    public async Task Token_ids_are_checked_with_the_tokenizer_of_a_directory()
    {
        TokenizerFile.Write(Path.Combine(_folder, "tokenizer.json"), ArithmeticTokenizer.Create());
        string file = Write("texts.jsonl", """
            { "text": "12", "ids": [4, 5] }
            { "text": "12", "ids": [4] }
            { "text": "21", "ids": [5, 5] }
            """);

        Invocation call = await Invocation.RunAsync("conformance", "tokenize", file, "--model", _folder);

        Assert.Equal((ExitCodes.Failed, "1 passed, 2 failed"), (call.Code, call.LastLine));
        Assert.Contains("line 2: expected 1 ids, found 2; the first that differs is 1", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_trend_is_a_line_and_exit_code_1()
    {
        string file = Write("trend.json", """[{ "step_entropy": [1, 0.5], "correct": false, "trend_paper": 0.5000001 }]""");

        Invocation call = await Invocation.RunAsync("conformance", "trend", file);

        Assert.Equal((ExitCodes.Failed, "0 passed, 2 failed"), (call.Code, call.LastLine));
        Assert.Contains("case 1, trend_paper: expected 0.5000001, found 0.5", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Advantages_and_losses_are_checked_and_what_is_unknown_is_counted_as_skipped()
    {
        string file = Write("advantages.json", """
            [
              { "kind": "advantage", "estimator": "center", "rewards": [1, 0], "expected": [0.5, -0.5] },
              { "kind": "advantage", "estimator": "leave-two-out", "rewards": [1, 0], "expected": [0, 0] },
              { "kind": "kl", "estimator": "k1", "logProb": -0.5, "referenceLogProb": -0.75, "expected": 0.25 },
              { "kind": "clip", "epsilonLow": 0.2, "epsilonHigh": 0.2, "ratio": 1.5, "advantage": 1, "dualClip": null, "expected": -1.2 },
              { "kind": "aggregate", "mode": "token-mean", "loss": [[1, 2], [3, 9]], "mask": [[1, 1], [1, 0]], "expected": 2 },
              { "kind": "overlong", "maxLength": 10, "buffer": 4, "length": 8, "expected": -0.5 },
              { "kind": "weather", "expected": 1 }
            ]
            """);

        Invocation call = await Invocation.RunAsync("conformance", "advantages", file);

        Assert.Equal((ExitCodes.Done, "5 passed, 0 failed"), (call.Code, call.LastLine));
        Assert.Contains("skipped 1: estimator 'leave-two-out'", call.Output, StringComparison.Ordinal);
        Assert.Contains("skipped 1: kind 'weather'", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_answer_called_right_is_a_false_positive()
    {
        string file = Write("grade.jsonl", """
            {"prediction": "1/2", "gold": "0.5", "expected": true}

            {"prediction": "7", "gold": "7", "expected": false}
            """);

        Invocation call = await Invocation.RunAsync("conformance", "grade", file);

        Assert.Equal((ExitCodes.Failed, "1 passed, 1 failed"), (call.Code, call.LastLine));
        Assert.Contains("false-positives 1", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_are_extracted_before_they_are_graded()
    {
        string file = Write("extract.jsonl", """{"solution": "3 and 4 make 7.\nA: 7", "gold": "7", "expected": true}""");

        Invocation call = await Invocation.RunAsync("conformance", "extract", file);

        Assert.Equal((ExitCodes.Done, "1 passed, 0 failed"), (call.Code, call.LastLine));
    }

    [Theory]
    [InlineData("trend", "{}")]
    [InlineData("trend", "[{\"step_entropy\": [1, \"x\"], \"correct\": true}]")]
    [InlineData("trend", "[{\"correct\": true}]")]
    [InlineData("advantages", "[{\"kind\": 3}]")]
    [InlineData("advantages", "not json")]
    [InlineData("grade", "{\"prediction\": 1, \"gold\": \"1\", \"expected\": true}")]
    public async Task A_file_of_another_form_is_bad_usage_and_named(string kind, string content)
    {
        string file = Write("bad", content);

        Invocation call = await Invocation.RunAsync("conformance", kind, file);

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains(file, call.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(" at ", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_without_an_end_is_refused_unread()
    {
        string file = Write("long.jsonl", new string('x', (1 << 20) + 2));

        Assert.Equal(ExitCodes.BadUsage, (await Invocation.RunAsync("conformance", "grade", file)).Code);
    }

    [Fact]
    public async Task A_missing_file_is_bad_usage() =>
        Assert.Equal(ExitCodes.BadUsage, (await Invocation.RunAsync("conformance", "trend", Path.Combine(_folder, "none.json"))).Code);

    [Theory]
    [InlineData("trend", "trend_reward_vectors.json")]
    [InlineData("advantages", "grpo_numerics.json")]
    [InlineData("logits", "stories260K/reference_logits.json")]
    [InlineData("extract", "gsm8k_graded_solutions.jsonl")]
    public async Task Known_answers_from_elsewhere_all_pass(string kind, string file)
    {
        Invocation call = await Invocation.RunAsync("conformance", kind, SharedData.PathOrSkip(file));

        Assert.Equal(ExitCodes.Done, call.Code);
        Assert.EndsWith(", 0 failed", call.LastLine, StringComparison.Ordinal);
        Assert.DoesNotContain("skipped", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_wrong_answer_of_the_labelled_pairs_is_called_right()
    {
        Invocation call = await Invocation.RunAsync("conformance", "grade", SharedData.PathOrSkip("answer_equivalence.jsonl"));

        Assert.Contains("false-positives 0", call.Output, StringComparison.Ordinal);
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
