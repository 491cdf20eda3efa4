using Etr.Core.Evaluation;
using Etr.Core.Extensions;
using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Runs;

namespace Etr.Core.Tests.Extensions;

/// <summary>A shaper and a grader of the user's own, and what becomes of a group when they fail.</summary>
public sealed class ExtensionTests
{
    private static readonly string Assembly = Path.Combine(AppContext.BaseDirectory, "extension", "Etr.SampleExtension.dll");

    // The deadline is the clock's: nothing in these tests takes as long as the default of 5 s.
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_shaper_of_ones_own_pays_the_group()
    {
        GroupTrace[] scored = await ScoreAsync(Plan("BrevityShaper"), (true, 3), (true, 1), (false, 2));
        Assert.Equal([.97, .99, -.02], scored.Select(trace => Math.Round(trace.Payment.Reward, 12)));
        Assert.All(scored, trace => Assert.Null(trace.Unscorable));
        Assert.True(scored[1].Payment.Advantage > scored[0].Payment.Advantage);
        Assert.Equal("type:Etr.SampleExtension.BrevityShaper", Plan("BrevityShaper").Shaper.Name);
        Assert.Equal("group", Plan("BrevityShaper").Estimator.Name);
    }

    [Fact]
    public async Task A_shaper_that_throws_leaves_its_group_unscored_and_says_why()
    {
        var plan = Plan("ThrowingShaper");
        for (int again = 0; again < 9; again++)
        {
            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => ScoreAsync(plan, (true, 1), (false, 1)));
            Assert.Contains("shaper Etr.SampleExtension.ThrowingShaper failed: DivideByZeroException: no such thing", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Not_even_an_exception_that_throws_when_it_is_read_gets_past() => Assert.Contains(
        "SpitefulException, whose message cannot be read",
        (await Assert.ThrowsAsync<InvalidOperationException>(() => ScoreAsync(Plan("SpitefulShaper"), (true, 1)))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task A_shaper_that_answers_no_number_loses_that_trace_alone()
    {
        RewardPlan plan = Plan("NotANumberShaper");
        GroupTrace[] scored = await ScoreAsync(plan, (true, 1), (true, 9), (false, 3));
        Assert.Equal([null, "reward 'type:Etr.SampleExtension.NotANumberShaper' is not a finite number", null], scored.Select(trace => trace.Unscorable));

        // r = 1 and 3 remain: mean 2, std √2. The verdict is the grader's, whatever the shaper says of it.
        double advantage = 1 / (Math.Sqrt(2) + 1e-6);
        Assert.Equal([-advantage, 0, advantage], scored.Select(trace => trace.Payment.Advantage), (left, right) => Math.Abs(left - right) < 1e-12);

        var body = new GroupBody(0, 0, 0, 0, [1], scored);
        BatchStatistics statistics = BatchStatistics.Of([body], GroupScorer.Advantages([body], plan), plan);
        Assert.Equal((1, 2, 13L, .5), (statistics.Unscorable, statistics.Traces.Traces, statistics.Tokens, statistics.Traces.Accuracy));
        Assert.Equal(2, statistics.Reward);

        GroupBody back = GroupBodyCodec.Read(GroupBodyCodec.Write(body));
        Assert.Equal(scored.Select(trace => trace.Unscorable), back.Traces.Select(trace => trace.Unscorable));
    }

    [Fact]
    public async Task A_shaper_that_answers_for_too_few_traces_leaves_its_group_unscored() =>
        Assert.Contains("one reward a trace", (await Assert.ThrowsAsync<InvalidOperationException>(() => ScoreAsync(Plan("ForgetfulShaper"), (true, 1)))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_shaper_that_hangs_is_given_up_and_called_again_until_it_hung_too_often()
    {
        RewardPlan plan = Plan("HangingShaper", options => options with { ExtensionAbandoned = 1 });
        await ScoreAsync(plan, (true, 1));
        Assert.Contains("did not answer within 5 s", await HangAsync(), StringComparison.Ordinal);
        Assert.Equal(2, (await ScoreAsync(plan, (true, 2)))[0].Payment.Reward);

        Assert.Contains("is switched off: 2 of its calls", await HangAsync(), StringComparison.Ordinal);

        // Off: not even a prompt that it would answer reaches it.
        var off = await Assert.ThrowsAsync<InvalidOperationException>(() => ScoreAsync(plan, (true, 2)));
        Assert.Contains("is switched off", off.Message, StringComparison.Ordinal);

        async Task<string> HangAsync()
        {
            Task<GroupTrace[]> scored = ScoreAsync(plan, new GroupIdentity(1, 1, 0, "odd"), (true, 1));
            await _time.PassDeadlineAsync(scored);
            return (await Assert.ThrowsAsync<InvalidOperationException>(() => scored)).Message;
        }
    }

    [Fact]
    public async Task A_monitor_that_fails_is_left_out_and_changes_no_payment()
    {
        var configuration = new RunConfiguration { Reward = new RewardOptions { Mix = "outcome=1, type:Etr.SampleExtension.ThrowingShaper=0", Assembly = Assembly } };
        var plan = RewardPlan.Of(configuration, _time);
        GroupTrace[] scored = await ScoreAsync(plan, (true, 1), (false, 1));
        Assert.All(scored, trace => Assert.Null(trace.Unscorable));
        Assert.Equal([1, null], scored[0].Parts);

        var body = new GroupBody(0, 0, 0, 0, [1], scored);
        BatchStatistics statistics = BatchStatistics.Of([body], GroupScorer.Advantages([body], plan), plan);
        Assert.Equal(new ShaperStatistics("type:Etr.SampleExtension.ThrowingShaper", 0, null, null), statistics.Shapers[1]);
    }

    [Fact]
    public async Task A_grader_that_fails_loses_that_trace_alone()
    {
        IAnswerGrader grader = Grader();
        Verdict right = await grader.GradeAsync("so it is 5", "5");
        Assert.Equal((true, false, 1000), (right.Correct, right.Unscorable, right.Reason.Length));
        Assert.Equal(new Verdict(false, null, "grader Etr.SampleExtension.EndingGrader failed: FormatException: not like that") { Unscorable = true }, await grader.GradeAsync("throw", "5"));
        Assert.True((await grader.GradeAsync("nothing", "5")).Unscorable);

        Task<Verdict> hung = grader.GradeAsync("hang", "5").AsTask();
        await _time.PassDeadlineAsync(hung);
        Assert.Contains("did not answer", (await hung).Reason, StringComparison.Ordinal);

        GroupTrace[] scored = await GroupScorer.ScoreAsync(
            [TraceOf(1), TraceOf(1), TraceOf(1)], [right, await hung, await grader.GradeAsync("6", "5")], RewardPlan.Of(new RewardOptions { Shaper = "kimi-length" }), GroupIdentity.None);
        Assert.Equal([false, true, false], scored.Select(trace => trace.Unscorable is not null));
        Assert.Equal([1, 0, -1], scored.Select(trace => trace.Payment.Reward));
        Assert.Equal(0, scored[1].Payment.Advantage);
    }

    [Fact]
    public async Task A_call_is_on_a_background_thread_that_is_not_the_pools() =>
        Assert.Equal(1, (await ScoreAsync(Plan("ThreadShaper"), (true, 1)))[0].Payment.Reward);

    [Theory]
    [InlineData("No.Such.Type", "has no class No.Such.Type")]
    [InlineData("Etr.SampleExtension.EndingGrader", "is no class with the interface Etr.Core.Rewards.IRewardShaper")]
    [InlineData("Etr.SampleExtension.DemandingShaper", "has no public constructor without parameters")]
    public void A_class_that_cannot_be_had_is_refused_with_the_reason(string type, string reason)
    {
        var options = new RewardOptions { Assembly = Assembly, Shaper = $"type:{type}" };
        Assert.Contains(reason, Assert.Throws<ExtensionException>(() => RewardPlan.Of(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_assembly_that_cannot_be_had_is_refused_with_the_reason()
    {
        var options = new RewardOptions { Shaper = "type:X" };
        Assert.Contains("Etr:Reward:Assembly", Assert.Throws<ExtensionException>(() => RewardPlan.Of(options)).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<ExtensionException>(() => RewardPlan.Of(options with { Assembly = "/no/such.dll" })).Message, StringComparison.Ordinal);
        string text = Path.Combine(AppContext.BaseDirectory, "Etr.Core.Tests.runtimeconfig.json");
        Assert.Contains("cannot be loaded", Assert.Throws<ExtensionException>(() => RewardPlan.Of(options with { Assembly = text })).Message, StringComparison.Ordinal);
        var task = new TaskOptions { Grader = "type:X" };
        Assert.Contains("Etr:Task:GraderAssembly", Assert.Throws<ExtensionException>(() => TaskGraders.Of(new RunConfiguration { Task = task })).Message, StringComparison.Ordinal);
    }

    private IAnswerGrader Grader() => TaskGraders.Of(
        new RunConfiguration { Task = new TaskOptions { Grader = "type:Etr.SampleExtension.EndingGrader", GraderAssembly = Assembly } }, _time);

    private RewardPlan Plan(string shaper, Func<RunOptions, RunOptions>? change = null) => RewardPlan.Of(
        new RunConfiguration
        {
            Run = (change ?? (options => options))(new RunOptions()),
            Reward = new RewardOptions { Shaper = $"type:Etr.SampleExtension.{shaper}", Assembly = Assembly },
        },
        _time);

    private static Task<GroupTrace[]> ScoreAsync(RewardPlan plan, params (bool Right, int Tokens)[] traces) => ScoreAsync(plan, GroupIdentity.None, traces);

    private static Task<GroupTrace[]> ScoreAsync(RewardPlan plan, GroupIdentity identity, params (bool Right, int Tokens)[] traces) => GroupScorer.ScoreAsync(
        [.. traces.Select(trace => TraceOf(trace.Tokens))], [.. traces.Select(trace => new Verdict(trace.Right, "5", ""))], plan, identity).AsTask();

    private static Trace TraceOf(int tokens) => Trace.Of([.. Enumerable.Range(0, tokens).Select(i => new SampledToken(i, "x\n\n", -1, 1, .1f, false, 0))], truncated: false);
}
