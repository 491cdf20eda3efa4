using Etr.Core.Evaluation;
using Etr.Core.Grading;
using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Core.Tasks;

namespace Etr.Core.Tests.Evaluation;

public sealed class EvaluatorTests
{
    private static readonly PolicyRef Policy = new(0, "none", "");

    // Two prompts of two categories, two traces each: the first is right twice, in 2 and 3 steps; the second once, in one step.
    private static readonly Questions Set = new(new PromptItem("p0", "first", "1") { Category = "A" }, new PromptItem("p1", "second", "2") { Category = "B" });

    [Fact]
    public async Task Figures_are_over_all_traces_and_by_category()
    {
        EvaluationResult result = await EvaluateAsync(Plan(2));

        Assert.Equal(4, result.All.Traces);
        Assert.Equal(0.75, result.All.Accuracy);
        Assert.Equal((2 + 3 + 1 + 1) / 4.0, result.All.Length);
        Assert.Equal((2 + 3 + 1 + 1) / 4.0, result.All.Steps);
        Assert.Equal(["A", "B"], result.ByCategory.Keys);
        Assert.Equal(1.0, result.ByCategory["A"].Accuracy);
        Assert.Equal(0.5, result.ByCategory["B"].Accuracy);
        Assert.Equal(2.5, result.ByCategory["A"].Length);
        // Entropies fall from step to step in every trace with more than one.
        Assert.Equal(-1.0, result.All.Spearman!.Value, 12);
        Assert.Null(result.ByCategory["B"].Spearman);
        // "wait" is said once, in the longer trace of the first prompt.
        Assert.Equal(0.25, result.All.Reflections);
        Assert.Equal(0.5, result.All.H1);
    }

    [Fact]
    public async Task A_row_a_prompt_tells_what_was_answered()
    {
        EvaluationResult result = await EvaluateAsync(Plan(2));

        Assert.Equal(["p0", "p1"], result.Rows.Select(row => row.Id));
        Assert.Equal(["2", "5"], result.Rows[1].Answers);
        Assert.Equal(0.5, result.Rows[1].Accuracy);
        Assert.Equal(2.5, result.Rows[0].Length);
    }

    [Fact]
    public async Task The_interval_holds_the_accuracy()
    {
        EvaluationFigures all = (await EvaluateAsync(Plan(2))).All;

        Assert.InRange(all.Accuracy, all.AccuracyInterval95[0], all.AccuracyInterval95[1]);
        Assert.True(all.AccuracyInterval95[0] > 0 && all.AccuracyInterval95[1] < 1);
    }

    [Fact]
    public async Task No_request_has_more_slots_than_the_engine_holds_and_each_slot_is_asked_once()
    {
        var engine = new ScriptedEngine(Answer, capacity: 2);

        await new Evaluator(engine, TimeProvider.System).RunAsync(Plan(5), null, TestContext.Current.CancellationToken);

        Assert.All(engine.Requests, request => Assert.InRange(request.Slots.Count, 1, 2));
        Assert.Equal(10, engine.Requests.SelectMany(request => request.Slots.Select(slot => (request.PromptIndex, slot.Slot))).Distinct().Count());
        Assert.All(engine.Requests, request => Assert.Equal(Plan(1).Seed, request.Seed));
    }

    [Fact]
    public async Task Greedy_is_one_trace_a_prompt_at_temperature_zero()
    {
        var engine = new ScriptedEngine(Answer);

        EvaluationPair pair = await new Evaluator(engine, TimeProvider.System).RunBothAsync(Plan(2), greedy: true, null, TestContext.Current.CancellationToken);

        Assert.Equal((0.0, 1, 2), (pair.Greedy!.Temperature, pair.Greedy.Samples, pair.Greedy.All.Traces));
        Assert.Equal(0.7, pair.Sampled.Temperature);
    }

    [Fact]
    public async Task Progress_counts_every_trace()
    {
        var seen = new List<EvaluationProgress>();

        await new Evaluator(new ScriptedEngine(Answer), TimeProvider.System).RunAsync(Plan(2), seen.Add, TestContext.Current.CancellationToken);

        Assert.Equal([1, 2, 3, 4], seen.Select(progress => progress.Traces));
        Assert.All(seen, progress => Assert.Equal(4, progress.Of));
    }

    [Fact]
    public async Task A_prompt_that_cannot_be_drawn_ends_the_evaluation_with_the_reason()
    {
        var engine = new ScriptedEngine(Answer) { Refusal = "the prompt is longer than the context" };

        var e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => new Evaluator(engine, TimeProvider.System).RunAsync(Plan(1), null, TestContext.Current.CancellationToken));

        Assert.Contains("longer than the context", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_evaluation_reads_back_as_it_was()
    {
        string folder = Directory.CreateTempSubdirectory("etr-evaluation-").FullName;
        try
        {
            string file = Path.Combine(folder, "evaluation-before.json");
            var pair = new EvaluationPair(await EvaluateAsync(Plan(2)), null);

            await EvaluationFile.WriteAsync(file, pair, TestContext.Current.CancellationToken);
            EvaluationPair? read = await EvaluationFile.ReadAsync(file, TestContext.Current.CancellationToken);

            Assert.Equal(pair.Sampled.All.Accuracy, read!.Sampled.All.Accuracy);
            Assert.Equal(pair.Sampled.All.TrendLengthCorrelation, read.Sampled.All.TrendLengthCorrelation);
            Assert.Equal(pair.Sampled.Rows.Count, read.Sampled.Rows.Count);
            Assert.Null(read.Greedy);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task An_evaluation_that_was_never_stored_is_absent() =>
        Assert.Null(await EvaluationFile.ReadAsync(Path.Combine(Path.GetTempPath(), "etr-no-such-evaluation.json"), TestContext.Current.CancellationToken));

    private static Task<EvaluationResult> EvaluateAsync(EvaluationPlan plan) =>
        new Evaluator(new ScriptedEngine(Answer), TimeProvider.System).RunAsync(plan, null, TestContext.Current.CancellationToken);

    private static EvaluationPlan Plan(int samples) =>
        new(Set, AnswerGraders.FinalLine, EtrPreset.Guarded, Policy, new SamplingOptions { Temperature = 0.7 }, samples);

    private static IReadOnlyList<SampledToken> Answer(RolloutRequest request, uint slot) => (request.PromptIndex, slot) switch
    {
        (0, 0) => [Token("so\n\n", 0.5f), Token("answer=1.", 0.25f)],
        (0, _) => [Token("so\n\n", 0.5f), Token("wait\n\n", 0.4f), Token("answer=1.", 0.25f)],
        (_, 0) => [Token("answer=2.", 0.5f)],
        _ => [Token("answer=5.", 0.5f)],
    };

    private static SampledToken Token(string text, float entropy) => new(1, text, -0.1f, entropy, 0, false, 0);

    private sealed class Questions(params PromptItem[] items) : IPromptSet
    {
        public string Name => "questions";

        public int Count => items.Length;

        public PromptItem this[int index] => items[index];
    }
}
