using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class EvaluationTests
{
    private static Func<RunConfiguration, RunConfiguration> Every(int steps, int patience = 0) =>
        configuration => configuration with { Evaluation = new EvaluationOptions { Every = steps, Patience = patience } };

    [Fact]
    public async Task Every_so_many_steps_the_policy_is_evaluated_once()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Trainers.Before = batch => WaitForAsync(cluster, evaluated: (batch.Step - 1) / 2);
        cluster.Evaluator.Find = step => (step / 10.0, 20 - step);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 7), change: Every(2)));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal([2, 4, 6], status.Evaluations.Select(found => found.Step));
        Assert.Equal([2, 4, 6], cluster.Evaluator.Asked);
        Assert.Equal((0.4, 16.0), (status.Evaluations[1].Accuracy, status.Evaluations[1].Length));
        Assert.Equal(7, status.Step);
    }

    [Fact]
    public async Task A_run_ends_when_its_evaluations_no_longer_improve_and_keeps_the_best_checkpoint()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Trainers.Before = batch => WaitForAsync(cluster, evaluated: batch.Step - 1);
        cluster.Evaluator.Find = step => step switch
        {
            1 => (0.90, 30),
            2 => (0.95, 30),
            3 => (0.95, 20),
            4 => (0.94, 10),
            _ => (0.95, 20),
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 100), change: Every(1, patience: 3)));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal(RunState.Completed, status.State);
        Assert.StartsWith("No better than step 3 (held-out accuracy 0.950, length 20.0) in 3", status.Reason, StringComparison.Ordinal);
        Assert.True(status.Groups.IsClosed);
        string[] kept = [.. Directory.GetFiles(Path.Combine(cluster.RunDirectory(), "checkpoints")).Select(File.ReadAllText).Order()];
        Assert.Contains("checkpoint 3", kept);
        Assert.DoesNotContain("checkpoint 2", kept);
        Assert.Contains($"checkpoint {status.Step}", kept);
    }

    [Fact]
    public async Task An_evaluation_that_cannot_be_made_is_told_and_stops_nothing()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Trainers.Before = batch => WaitForAsync(cluster, evaluated: batch.Step - 1);
        cluster.Evaluator.Find = step => step == 1 ? throw new IOException("the policy is not to be had") : (0.5, 10);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 3), change: Every(1, patience: 1)));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 3), (status.State, status.Step));
        Assert.Equal("the policy is not to be had", status.Evaluations[0].Failure);
        Assert.Equal(0.5, status.Evaluations[1].Accuracy);
    }

    // Holds a step back until so many evaluations are in the books; a run would not wait for them.
    private static async Task WaitForAsync(EtrCluster cluster, int evaluated) =>
        await cluster.UntilAsync(() => cluster.Run().GetStatusAsync(), status => status.Evaluations.Count >= evaluated);
}
