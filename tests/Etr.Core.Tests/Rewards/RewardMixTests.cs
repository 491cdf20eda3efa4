using Etr.Core.Evaluation;
using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Core.Training;

namespace Etr.Core.Tests.Rewards;

public sealed class RewardMixTests
{
    [Fact]
    public async Task The_reward_is_the_weighted_sum_and_a_monitor_pays_nothing()
    {
        // outcome ±1; lcpo-max at n* = 40: .5 + 3e-4·20 for 20 tokens, 0 for a wrong trace.
        RewardPlan plan = RewardPlan.Of(new RewardOptions { Mix = "outcome=1, lcpo-max=0.5, kimi-length=0" });
        MixedReward[] rewards = [.. await plan.Shaper.ShapeAsync([RewardShaperTests.Trace(true, [], 20), RewardShaperTests.Trace(false, [], 40)], GroupIdentity.None)];
        Close.AssertTo(1.253, rewards[0].Reward.Reward, 1e-12);
        Close.AssertTo(1.25, rewards[0].Reward.CorrectnessTerm, 1e-12);
        Close.AssertTo(.003, rewards[0].Reward.LengthTerm, 1e-12);
        Assert.Equal(-1, rewards[1].Reward.Reward);
        Assert.Equal([1, .506, 1.5], rewards[0].Parts.Select(part => Math.Round(part!.Value, 12)));
        Assert.Equal([-1, 0, -1.5], rewards[1].Parts);
        Assert.Equal(("1 outcome + 0.5 lcpo-max + 0 kimi-length", "group"), (plan.Shaper.Name, plan.Estimator.Name));
    }

    [Fact]
    public void Monitors_beside_one_shaper_leave_it_its_estimator_and_its_preset()
    {
        RewardPlan plan = RewardPlan.Of(new RewardOptions { Mix = "kimi-length=0, guarded=1" });
        Assert.Equal(("trend-normalized", "guarded"), (plan.Estimator.Name, plan.Preset.Name));
        Assert.Equal("reference", RewardPlan.Of(new RewardOptions { Mix = "guarded=0, reference=2" }).Preset.Name);
        Assert.True(RewardPlan.Of(new RewardOptions { Mix = "guarded=0, reference=2" }).PaysTrend);
        Assert.False(RewardPlan.Of(new RewardOptions { Mix = "reference=0, outcome=1" }).PaysTrend);
    }

    [Theory]
    [InlineData("")]
    [InlineData("outcome")]
    [InlineData("outcome=")]
    [InlineData("=1")]
    [InlineData("outcome=-1")]
    [InlineData("outcome=NaN")]
    [InlineData("outcome=1001")]
    [InlineData("outcome=1, OUTCOME=2")]
    [InlineData("a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1,q=1")]
    public void What_is_no_mix_is_refused(string text) => Assert.Throws<ArgumentException>(() => RewardMixText.Parse(text));

    [Theory]
    [InlineData("outcome=0", "", "", "one of them above 0")]
    [InlineData("nothing=1", "", "", "There is no reward shaper 'nothing'")]
    [InlineData("outcome=1, lcpo-max=1", "", "trend-normalized", "reads correctness and R alone")]
    [InlineData("kimi-length=1", "", "trend-normalized", "reads correctness and R alone")]
    [InlineData("outcome=1", "paper", "", "leave one of them out")]
    [InlineData("o1-pruner=0, outcome=1", "", "", "Etr:Reward:ReferenceFigures")]
    public void Choices_that_do_not_go_together_are_refused_with_the_reason(string mix, string shaper, string estimator, string reason)
    {
        var options = new RewardOptions { Mix = mix, Shaper = shaper.Length == 0 ? "guarded" : shaper, Estimator = estimator };
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => RewardPlan.Of(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_is_measured_shaper_by_shaper()
    {
        RewardPlan plan = RewardPlan.Of(new RewardOptions { Mix = "outcome=1, lcpo-exact=0" });
        var body = new GroupBody(0, 0, 0, 0, [1], await ScoreAsync(plan, (true, 10), (true, 40), (true, 30), (false, 20)));
        BatchStatistics statistics = BatchStatistics.Of([body], GroupScorer.Advantages([body], plan), plan);

        // Outcome pays 1, 1, 1 and −1, without a spread among right traces: √.75 within the group. lcpo-exact pays 1 − 3e-4·(30, 0, 10) and −.006: it rises with length there.
        Assert.Equal(new ShaperStatistics("outcome", 1, .5, null) { Spread = Math.Sqrt(.75) }, statistics.Shapers[0]);
        Assert.Equal(("lcpo-exact", 0), (statistics.Shapers[1].Name, statistics.Shapers[1].Weight));
        Close.AssertTo((3 - .012 - .006) / 4, statistics.Shapers[1].Reward!.Value, 1e-12);
        Close.AssertTo(1, statistics.Shapers[1].LengthCorrelation!.Value, 1e-12);

        GroupBody back = GroupBodyCodec.Read(GroupBodyCodec.Write(body));
        Assert.Equal(body.Traces.Select(trace => trace.Parts), back.Traces.Select(trace => trace.Parts));
    }

    [Fact]
    public async Task Truncated_traces_under_penalise_are_charged_under_either_kind_of_estimator()
    {
        var configuration = new RunConfiguration
        {
            Sampling = new SamplingOptions { MaxNewTokens = 100 },
            Training = new TrainingOptions { Truncated = "penalise" },
        };
        RewardPlan guarded = RewardPlan.Of(configuration);
        Assert.Equal(new OverlongRule(100, 20), guarded.Overlong);
        foreach (RewardPlan plan in new[] { guarded, RewardPlan.Of(configuration with { Reward = new RewardOptions { Shaper = "outcome" } }) })
        {
            // 90 tokens are half way down the slope; a trace that the context cut off at 50 pays all of it.
            GroupTrace[] scored = await ScoreAsync(plan, (true, 80), (true, 90), (true, -50));
            Assert.Equal([1, .5, 0], scored.Select(trace => trace.Payment.Reward));
            Assert.Equal(scored.Select(trace => trace.Payment.Advantage).OrderDescending(), scored.Select(trace => trace.Payment.Advantage));
            Assert.Equal(3, scored.Select(trace => trace.Payment.Advantage).Distinct().Count());
            Assert.Equal(1, scored[2].Parts[0]);
        }

        Assert.Null(RewardPlan.Of(new RunConfiguration()).Overlong);
        Assert.Throws<ArgumentOutOfRangeException>(() => RewardPlan.Of(configuration with { Reward = new RewardOptions { OverlongBuffer = 101 } }));
    }

    [Fact]
    public async Task O1_pruner_takes_each_prompts_figures_from_an_evaluation()
    {
        var figures = new EvaluationFigures
        {
            Traces = 4,
            Accuracy = .25,
            AccuracyInterval95 = [0, 1],
            Length = 40,
            Steps = 4,
            Spearman = null,
            Reflections = 0,
            TrendLengthCorrelation = null,
            H1 = 0,
            Trend = 0,
            Truncated = 0,
        };
        var evaluation = new EvaluationResult
        {
            Temperature = .7,
            Samples = 4,
            All = figures,
            ByCategory = new Dictionary<string, EvaluationFigures>(),
            Rows = [new EvaluationRow("a", null, "5", [], .25, 40, 4, null)],
        };
        string file = Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.json");
        await EvaluationFile.WriteAsync(file, new EvaluationPair(evaluation, null), TestContext.Current.CancellationToken);
        try
        {
            var options = new RewardOptions { Shaper = "o1-pruner", ReferenceFigures = file };
            RewardPlan plan = RewardPlan.Of(options);
            var rewards = await plan.Shaper.ShapeAsync([RewardShaperTests.Trace(true, [], 20)], new GroupIdentity(1, 0, 0, "a"));
            Close.AssertTo(2 - 1 + 1.5, rewards[0].Reward.Reward, 1e-12);

            IPromptSet prompts = new PromptSetFactory().Training(new RunConfiguration());
            Assert.Contains("lacks figures of prompt", Assert.Throws<ArgumentException>(() => plan.Check(prompts)).Message, StringComparison.Ordinal);
            RewardPlan.Of(options with { ReferenceLength = 60, ReferenceAccuracy = .9 }).Check(prompts);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Throws<InvalidDataException>(() => RewardPlan.Of(new RewardOptions { Shaper = "o1-pruner", ReferenceFigures = file }));
        Assert.Throws<ArgumentException>(() => RewardPlan.Of(new RewardOptions { Shaper = "o1-pruner", ReferenceLength = 60 }));
        Assert.Throws<ArgumentException>(() => ReferenceFigures.Everywhere(new ReferenceFigure(0, .5)));
        Assert.Throws<ArgumentException>(() => ReferenceFigures.Of(evaluation with { Rows = [evaluation.Rows[0], evaluation.Rows[0]] }));
    }

    // A number of tokens below 0: cut off there.
    private static ValueTask<GroupTrace[]> ScoreAsync(RewardPlan plan, params (bool Right, int Tokens)[] traces) => GroupScorer.ScoreAsync(
        [.. traces.Select(trace => Trace.Of([.. Enumerable.Range(0, Math.Abs(trace.Tokens)).Select(i => new SampledToken(i, "x", -1, 1, .1f, false, 0))], trace.Tokens < 0))],
        [.. traces.Select(trace => new Verdict(trace.Right, "5", ""))],
        plan,
        GroupIdentity.None);
}
