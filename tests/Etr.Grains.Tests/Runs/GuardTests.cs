using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class GuardTests
{
    private static Func<RunConfiguration, RunConfiguration> Paper(GuardOptions guards) => configuration => configuration with
    {
        Reward = new RewardOptions { Shaper = "paper" },
        Guards = guards with { Window = 3 },
    };

    [Fact]
    public async Task Confident_repetition_after_an_uncertain_opening_is_told_once()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Draw(request, opening: 1.5f);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 6), change: Paper(new GuardOptions())));

        RunStatus status = await cluster.EndedAsync();

        RunAlarm alarm = Assert.Single(status.Alarms);
        Assert.Equal(("lengthening", 3, "warn"), (alarm.Guard, alarm.Step, alarm.Action));
        Assert.Contains("r(R, length) was +", alarm.Text, StringComparison.Ordinal);
        Assert.Equal(6, status.Step);
    }

    [Fact]
    public async Task The_trend_switched_off_pays_for_correctness_alone()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Draw(request, opening: 1.5f);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 6), change: Paper(new GuardOptions { Lengthening = "trend-off" })));

        await cluster.EndedAsync();

        // All right: with the trend every trace has an advantage, without it none has.
        IReadOnlyList<StepSummary> steps = await cluster.Run().GetStepsAsync(1);
        Assert.All(steps.Take(3), step => Assert.Equal(0, step.ZeroAdvantage));
        Assert.All(steps.Skip(3), step => Assert.Equal(4, step.ZeroAdvantage));
        Assert.All(steps, step => Assert.Equal(1.0, step.TrendLengthCorrelation, 0.1));
    }

    [Fact]
    public async Task A_policy_that_learns_to_open_with_uncertainty_stops_the_run_until_someone_resumes_it()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Draw(request, opening: 0.4f + 0.08f * request.Policy.Version);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 9), change: Paper(new GuardOptions { Lengthening = "none", Opening = "stop" })));

        RunStatus stopped = await cluster.UntilAsync(() => cluster.Run().GetStatusAsync(), status => status.State == RunState.Paused);

        // H_1 is 0.40, 0.48, 0.56, … : the mean of three exceeds 0.6 after the fifth.
        Assert.Equal(("opening", 5, "stop"), (stopped.Alarms[0].Guard, stopped.Alarms[0].Step, stopped.Alarms[0].Action));
        Assert.StartsWith("Guard: H_1 was 0.640 nats on average over 3 steps, 0.400 at the start", stopped.Reason, StringComparison.Ordinal);
        await cluster.Run().ResumeAsync();
        RunStatus ended = await cluster.EndedAsync();
        Assert.Equal((9, 1), (ended.Step, ended.Alarms.Count));
    }

    [Fact]
    public async Task Groups_whose_right_traces_hardly_differ_in_trend_are_counted_and_paid_for_correctness_alone()
    {
        // Trends of 1.3, 2.47 and 3.52: a spread of 1.1 in every group.
        Assert.Equal([(0, 0.0)], await SeenAsync(0.5));
        Assert.Equal([(4, 1.0)], await SeenAsync(2));

        static async Task<IEnumerable<(int ZeroAdvantage, double TrendOff)>> SeenAsync(double minimum)
        {
            await using EtrCluster cluster = await EtrCluster.StartAsync();
            cluster.Engine.Draw = request => Draw(request, opening: 1.5f);
            await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1), change: Paper(new GuardOptions { MinimumSpread = minimum })));
            await cluster.EndedAsync();
            return (await cluster.Run().GetStepsAsync(1)).Select(step => (step.ZeroAdvantage, step.TrendOff));
        }
    }

    [Fact]
    public async Task A_reward_that_shortens_rings_no_alarm()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Draw(request, opening: 0.05f);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 6), change: Paper(new GuardOptions())));

        Assert.Empty((await cluster.EndedAsync()).Alarms);
    }

    [Fact]
    public async Task A_reward_that_does_not_pay_for_the_trend_rings_no_alarm_whatever_the_trend_does()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Draw(request, opening: 0.4f + 0.08f * request.Policy.Version);
        await cluster.Run().StartAsync(cluster.StartOf(
            EtrCluster.Shape(steps: 6),
            change: configuration => Paper(new GuardOptions())(configuration) with { Reward = new RewardOptions { Shaper = "outcome" } }));

        RunStatus status = await cluster.EndedAsync();

        Assert.Empty(status.Alarms);
        Assert.True(status.LastStep!.FirstStepEntropy > 0.7);
    }

    // An opening step, then slot + 1 steps of entropy 0.2, all alike, then the right answer: the longer, the higher the trend where
    // the opening is uncertain, and the lower where it is not.
    private static void Draw(RolloutRequest request, float opening)
    {
        foreach (RolloutSlot slot in request.Slots)
        {
            var tokens = new List<SampledToken> { Traces.Token("s", opening, version: request.Policy.Version), Traces.Token("\n\n", opening, version: request.Policy.Version) };
            for (uint step = 0; step <= slot.Slot; step++)
                tokens.AddRange([Traces.Token("again", 0.2f, version: request.Policy.Version), Traces.Token("\n\n", 0.2f, version: request.Policy.Version)]);
            tokens.AddRange([Traces.Token($"answer={Traces.Answer(request.Prompt, true)}.", 0.2f, version: request.Policy.Version), Traces.Token("", 0.2f, 0, request.Policy.Version)]);
            request.Observer.OnTokens(slot.Slot, tokens);
            request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Traces.Prompt);
        }
    }
}
