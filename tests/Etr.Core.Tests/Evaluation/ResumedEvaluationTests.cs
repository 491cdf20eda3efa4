using System.Text.Json;
using Etr.Core.Evaluation;
using Etr.Core.Grading;
using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Core.Tasks;

namespace Etr.Core.Tests.Evaluation;

public sealed class ResumedEvaluationTests : IDisposable
{
    private const int Prompts = 6;
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-resumed-").FullName;

    private string JournalFile => Path.Combine(_folder, "out.json.rows");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_evaluation_that_was_stopped_asks_only_what_is_left_and_ends_with_the_same_figures(bool lastLineCutOff)
    {
        EvaluationResult whole = await new Evaluator(Engine(), TimeProvider.System).RunAsync(Plan(), null, Cancellation);
        using (var journal = EvaluationJournal.Open(JournalFile, "same"))
        {
            var failing = new ScriptedEngine((request, slot) => request.PromptIndex == 3 ? throw new InvalidOperationException("killed") : Answer(request, slot));
            await Assert.ThrowsAsync<InvalidOperationException>(() => new Evaluator(failing, TimeProvider.System) { Journal = journal }.RunAsync(Plan(), null, Cancellation));
        }

        if (lastLineCutOff)
            await File.WriteAllBytesAsync(JournalFile, (await File.ReadAllBytesAsync(JournalFile, Cancellation))[..^20], Cancellation);
        using var resumed = EvaluationJournal.Open(JournalFile, "same");
        int known = resumed.Known;
        ScriptedEngine engine = Engine();
        var seen = new List<EvaluationProgress>();
        EvaluationResult after = await new Evaluator(engine, TimeProvider.System) { Journal = resumed }.RunAsync(Plan(), seen.Add, Cancellation);

        Assert.Equal(lastLineCutOff ? 2 : 3, known);
        uint[] asked = [.. engine.Requests.Select(request => request.PromptIndex)];
        Assert.Equal(Prompts - known, asked.Distinct().Count());
        Assert.Equal(asked.Distinct(), asked);
        Assert.Subset(asked.ToHashSet(), new HashSet<uint> { 3, 4, 5 });
        Assert.Equal(JsonSerializer.Serialize(whole), JsonSerializer.Serialize(after));
        Assert.Equal(new EvaluationProgress(2 * Prompts, 2 * Prompts), seen[^1]);
    }

    [Fact]
    public async Task Sampled_and_greedy_traces_are_kept_apart_and_a_finished_evaluation_asks_nothing()
    {
        using (var journal = EvaluationJournal.Open(JournalFile, "same"))
            await new Evaluator(Engine(), TimeProvider.System) { Journal = journal }.RunBothAsync(Plan(), greedy: true, null, Cancellation);
        using var again = EvaluationJournal.Open(JournalFile, "same");
        ScriptedEngine engine = Engine();
        EvaluationPair pair = await new Evaluator(engine, TimeProvider.System) { Journal = again }.RunBothAsync(Plan(), greedy: true, null, Cancellation);

        Assert.Empty(engine.Requests);
        Assert.Equal((2 * Prompts, Prompts), (pair.Sampled.All.Traces, pair.Greedy!.All.Traces));
    }

    [Fact]
    public void What_is_of_another_evaluation_or_no_journal_is_refused_and_left_as_it_is()
    {
        EvaluationJournal.Open(JournalFile, "one").Dispose();
        Assert.Contains("another evaluation", Assert.Throws<InvalidDataException>(() => EvaluationJournal.Open(JournalFile, "two")).Message, StringComparison.Ordinal);
        File.WriteAllText(JournalFile, "my notes\n");
        Assert.Throws<InvalidDataException>(() => EvaluationJournal.Open(JournalFile, "one"));
        Assert.Equal("my notes\n", File.ReadAllText(JournalFile));
    }

    [Fact]
    public async Task Several_engines_share_the_prompts_and_change_no_figure()
    {
        EvaluationResult one = await new Evaluator(Engine(), TimeProvider.System).RunAsync(Plan(), null, Cancellation);
        var slow = new GatedEngine(Engine());
        ScriptedEngine quick = Engine();
        Task<EvaluationResult> both = new Evaluator([slow, quick], TimeProvider.System).RunAsync(Plan(), null, Cancellation);

        // The first waits with the one prompt it has taken: the other draws all the rest.
        await slow.Entered;
        Assert.Equal(Prompts - 1, quick.Requests.Count);
        slow.Open();

        Assert.Equal(JsonSerializer.Serialize(one), JsonSerializer.Serialize(await both));
        Assert.Single(slow.Inner.Requests);
    }

    [Fact]
    public async Task Pass_at_k_is_the_mean_over_prompts()
    {
        // Traces 0 and 1 of a prompt: both right where its number is a multiple of three, one right where it leaves one, none where two.
        EvaluationFigures all = (await new Evaluator(Engine(), TimeProvider.System).RunAsync(Plan(), null, Cancellation)).All;
        Assert.Equal([1, 2], all.PassAt.Keys);
        Assert.Equal((0.5, 2.0 / 3), (all.PassAt[1], all.PassAt[2]));
        Assert.Equal(all.Accuracy, all.PassAt[1]);
    }

    private static EvaluationPlan Plan() => new(new Numbered(), AnswerGraders.FinalLine, EtrPreset.Guarded, new PolicyRef(0, "none", ""), new SamplingOptions(), 2);

    private static ScriptedEngine Engine() => new(Answer);

    private static IReadOnlyList<SampledToken> Answer(RolloutRequest request, uint slot)
    {
        bool right = slot >= request.PromptIndex % 3;
        return [Token("so\n\n", 0.5f + slot), Token("wait\n\n", 0.1f * (request.PromptIndex + 1)), Token(right ? "answer=1." : "answer=2.", 1f / 3)];
    }

    private static SampledToken Token(string text, float entropy) => new(1, text, -0.1f, entropy, 0, false, 0);

    private sealed class Numbered : IPromptSet
    {
        public string Name => "numbered";

        public int Count => Prompts;

        public PromptItem this[int index] => new($"p{index}", $"question {index}", "1") { Category = index % 2 == 0 ? "even" : "odd" };
    }

    private sealed class GatedEngine(ScriptedEngine inner) : IRolloutEngine
    {
        private readonly TaskCompletionSource _entered = new();
        private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ScriptedEngine Inner => inner;

        public Task Entered => _entered.Task;

        public string Device => "gated";

        public int Capacity => inner.Capacity;

        public void Open() => _gate.SetResult();

        public async ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
        {
            _entered.TrySetResult();
            await _gate.Task;
            await inner.SubmitAsync(request, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
