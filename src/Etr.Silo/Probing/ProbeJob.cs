using Etr.Core.Evaluation;
using Etr.Core.Probing;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Silo.Training;

namespace Etr.Silo.Probing;

/// <summary>Samples groups of the untrained policy and asks every reward what it would pay for.</summary>
/// <param name="plan">The run that would be trained.</param>
/// <param name="groups">Most groups.</param>
/// <param name="time">The clock.</param>
internal sealed class ProbeJob(RunPlan plan, int groups, TimeProvider time)
{
    /// <summary>Probes.</summary>
    /// <param name="engine">Draws the groups.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="progress">Told whenever a trace has ended, on the engine's thread.</param>
    /// <param name="interrupt">Ends the drawing.</param>
    /// <exception cref="Cli.CommandFailure">Too little can be drawn to say anything.</exception>
    public async Task<ProbeReport> RunAsync(IRolloutEngine engine, PolicyRef policy, Action<EvaluationProgress> progress, CancellationToken interrupt)
    {
        RunConfiguration run = plan.Configuration;
        var prompts = new FirstPrompts(plan.Prompts, groups);
        var drawing = new EvaluationPlan(prompts, TaskGraders.Of(run, time), plan.Rewards.Preset, policy, run.Sampling, run.Run.GroupSize) { Seed = (ulong)run.Run.Seed };
        var evaluator = new Evaluator(engine, time);
        IReadOnlyList<DrawnPrompt> drawn = await evaluator.DrawAsync(drawing, progress, interrupt);
        EvaluationResult found = await Evaluator.MeasureAsync(drawing, drawn);
        var graded = new ProbedGroup[drawn.Count];
        for (int prompt = 0; prompt < graded.Length; prompt++)
            graded[prompt] = await GradeAsync(drawing, drawn[prompt], prompt);

        RewardPlan[] rewards = [.. Rewards(run, ReferenceFigures.Of(found))];
        var byCategory = new SortedDictionary<string, IReadOnlyList<RewardProbe>>(StringComparer.Ordinal);
        foreach (var category in graded.Zip(drawn).Where(pair => pair.Second.Item.Category is not null).GroupBy(pair => pair.Second.Item.Category!, pair => pair.First))
            byCategory[category.Key] = await ProbeAsync([.. category], rewards);
        return new ProbeReport(run.Policy.Path, prompts.Name, found, await ProbeAsync(graded, rewards), byCategory);
    }

    private async Task<ProbedGroup> GradeAsync(EvaluationPlan drawing, DrawnPrompt drawn, int prompt)
    {
        var traces = new List<GradedTrace>();
        foreach (DrawnTrace trace in drawn.Traces)
        {
            var verdict = await drawing.Grader.GradeAsync(trace.Text, drawn.Item.Answer);
            if (!verdict.Unscorable)
                traces.Add(GradedTrace.Of(trace.Tokens, verdict.Correct, trace.Truncated) with { Slot = traces.Count });
        }

        return new ProbedGroup(new GroupIdentity((ulong)plan.Configuration.Run.Seed, prompt, Round: 0, drawn.Item.Id), traces);
    }

    private static async Task<RewardProbe[]> ProbeAsync(IReadOnlyList<ProbedGroup> graded, RewardPlan[] rewards)
    {
        ProbedGroup[] groups = [.. graded.Where(group => group.Traces.Count > 0)];
        if (groups.Length == 0)
            throw new Cli.CommandFailure("no trace could be graded");
        return await Task.WhenAll(rewards.Select(reward => Task.Run(() => RewardProbe.OfAsync(groups, reward))));
    }

    // The configured reward first, where it is more than a name; what o1-pruner compares with is this very policy.
    private IEnumerable<RewardPlan> Rewards(RunConfiguration run, ReferenceFigures references)
    {
        if (run.Reward != new RewardOptions { Shaper = run.Reward.Shaper } || !RewardShapers.Names.Contains(run.Reward.Shaper))
            yield return plan.Rewards;
        foreach (string name in RewardShapers.Names)
        {
            RunConfiguration configuration = run with
            {
                Reward = new RewardOptions { Shaper = name, Budget = run.Reward.Budget, OverlongLength = run.Reward.OverlongLength, OverlongBuffer = run.Reward.OverlongBuffer },
            };
            yield return RewardPlan.Of(configuration, time, references);
        }
    }
}
