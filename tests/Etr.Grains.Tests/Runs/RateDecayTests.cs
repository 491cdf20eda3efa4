using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class RateDecayTests
{
    private static readonly EvaluationOptions Every = new() { Every = 1, DecayPatience = 2 };

    [Fact]
    public void The_rate_is_halved_after_so_many_evaluations_without_a_better_one_and_again_after_as_many_more()
    {
        var run = new RunRecord();

        Assert.Equal([null, null, 0.5, null, 0.25], LookAll(run, 0.9, 0.9, 0.8, 0.7, 0.9).Select(decay => decay?.Factor));
        Assert.Equal([(4, 3), (6, 5)], run.Decays.Select(decay => (decay.FromStep, decay.Evaluated)));
    }

    [Fact]
    public void A_better_evaluation_begins_the_count_anew()
    {
        var run = new RunRecord();

        Assert.All(LookAll(run, 0.5, 0.4, 0.6, 0.5, 0.7), Assert.Null);
    }

    [Fact]
    public void The_floor_holds_and_a_decay_to_it_is_the_last()
    {
        var run = new RunRecord();
        EvaluationOptions options = Every with { DecayPatience = 1, DecayFactor = 0.1, DecayFloor = 0.04 };

        for (int step = 1; step <= 9; step++)
            Look(run, step, 0.5, options);

        Assert.Equal([0.1, 0.04], run.Decays.Select(decay => decay.Factor));
    }

    [Fact]
    public void An_evaluation_that_failed_is_none()
    {
        var run = new RunRecord();
        Look(run, 1, 0.5, Every);
        Look(run, 2, 0.5, Every);

        Assert.Null(Look(run, 3, double.NaN, Every, failure: "lost"));
        Assert.NotNull(Look(run, 4, 0.5, Every));
    }

    [Fact]
    public void A_step_is_not_decided_while_an_evaluation_that_may_change_it_is_due()
    {
        EvaluationOptions options = new() { Every = 3, DecayPatience = 1 };
        var run = new RunRecord { Step = 5, EvaluationDue = 3 };

        // What step 3 decides holds from step 6 on.
        Assert.Equal(1, RateDecays.FactorOf(run, 5, options));
        Assert.Null(RateDecays.FactorOf(run, 6, options));
        run.EvaluationDue = 0;
        Assert.Equal(1, RateDecays.FactorOf(run, 6, options));
        Assert.Null(RateDecays.FactorOf(run, 7, options));
        run.Decays = [new RateDecay(6, 0.5, 3)];
        Assert.Equal((1, 0.5), (RateDecays.FactorOf(run, 5, options), RateDecays.FactorOf(run, 6, options)));
    }

    [Fact]
    public async Task Each_step_is_trained_with_the_rate_that_the_evaluations_before_it_decide()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 7), change: Decaying(new EvaluationOptions { Every = 2, DecayPatience = 1 })));

        RunStatus status = await cluster.EndedAsync();

        // Steps 2, 4 and 6 are evaluated and alike: 4 decides for 6 on, 6 for 8 on.
        Assert.Equal([2, 4, 6], status.Evaluations.Select(found => found.Step));
        Assert.Equal([1, 1, 1, 1, 1, 0.5, 0.5], cluster.Trainers.Batches.Select(batch => batch.RateFactor));
        Assert.Equal([1, 1, 1, 1, 1, 0.5, 0.5], (await cluster.Run().GetStepsAsync(1)).Select(step => step.RateFactor));
    }

    [Fact]
    public async Task A_step_waits_for_the_evaluation_that_decides_its_rate_and_says_so()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        var hold = new TaskCompletionSource();
        cluster.Evaluator.Before = _ => hold.Task;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 4), change: Decaying(new EvaluationOptions { Every = 2, DecayPatience = 1 })));

        RunStatus waiting = await cluster.UntilAsync(
            () => cluster.Run().GetStatusAsync(), status => status.Waits.Any(wait => wait.What == "the evaluation that decides the learning rate of step 4"));

        Assert.Equal((3, 3), (waiting.Step, cluster.Trainers.Batches.Count));
        hold.SetResult();
        Assert.Equal(4, (await cluster.EndedAsync()).Step);
    }

    [Fact]
    public async Task A_step_that_is_trained_again_has_the_same_rate_and_a_run_that_comes_back_remembers_it()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        var reached = new TaskCompletionSource();
        var hold = new TaskCompletionSource();
        cluster.Trainers.Before = batch => batch.Step == 4 && reached.TrySetResult() ? hold.Task : Task.CompletedTask;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 5), change: Decaying(Every with { DecayPatience = 1 })));
        await reached.Task.WaitAsync(cluster.Deadline);

        await EtrCluster.DeactivateAsync(cluster.Learner());
        await EtrCluster.DeactivateAsync(cluster.Run());
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 5), (status.State, status.Step));
        Assert.Equal([(1, 1), (2, 1), (3, 0.5), (4, 0.25), (4, 0.25), (5, 0.125)], cluster.Trainers.Batches.Select(batch => (batch.Step, batch.RateFactor)));
    }

    private static Func<RunConfiguration, RunConfiguration> Decaying(EvaluationOptions options) => configuration => configuration with { Evaluation = options };

    private static RateDecay?[] LookAll(RunRecord run, params double[] accuracies) => [.. accuracies.Select((accuracy, i) => Look(run, i + 1, accuracy, Every))];

    private static RateDecay? Look(RunRecord run, int step, double accuracy, EvaluationOptions options, string failure = "")
    {
        run.Evaluations =
        [
            .. run.Evaluations, new RunEvaluation
            {
                Step = step,
                Accuracy = accuracy,
                AccuracyLow = accuracy,
                AccuracyHigh = accuracy,
                Length = 10,
                TrendLengthCorrelation = double.NaN,
                PolicySha256 = "",
                Failure = failure,
            },
        ];
        return RateDecays.Look(run, options);
    }
}
