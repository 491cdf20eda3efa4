using Etr.Core.Grading;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Statistics;

namespace Etr.Core.Evaluation;

/// <summary>
/// Asks a policy every prompt of a set and measures what comes back. All prompts go to the engine at once, which draws as
/// many slots together as it holds.
/// </summary>
public sealed class Evaluator(IRolloutEngine engine, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Evaluates at the plan's temperature and, where asked for, greedily too.</summary>
    /// <param name="plan">What and how.</param>
    /// <param name="greedy">Whether greedy traces are drawn beside them.</param>
    /// <param name="progress">As for <see cref="RunAsync"/>.</param>
    /// <param name="cancellationToken">As for <see cref="RunAsync"/>.</param>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public async Task<EvaluationPair> RunBothAsync(EvaluationPlan plan, bool greedy, Action<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        EvaluationResult sampled = await RunAsync(plan, progress, cancellationToken);
        return new EvaluationPair(sampled, greedy ? await RunAsync(plan.Greedy(), progress, cancellationToken) : null);
    }

    /// <summary>Evaluates.</summary>
    /// <param name="plan">What and how.</param>
    /// <param name="progress">Told whenever a trace has ended, on the engine's thread: it returns at once.</param>
    /// <param name="cancellationToken">Ends the drawing at the next token boundary.</param>
    /// <returns>The result.</returns>
    /// <exception cref="InvalidOperationException">The engine can't draw a prompt; the message says why.</exception>
    /// <exception cref="TimeoutException">The engine has drawn nothing for five minutes.</exception>
    public async Task<EvaluationResult> RunAsync(EvaluationPlan plan, Action<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        IReadOnlyList<DrawnPrompt> drawn = await DrawAsync(plan, progress, cancellationToken);
        return await MeasureAsync(plan, drawn);
    }

    /// <summary>Grades and measures what was drawn.</summary>
    /// <param name="plan">What was asked, and how it is measured.</param>
    /// <param name="drawn">The traces of its prompts.</param>
    public static async Task<EvaluationResult> MeasureAsync(EvaluationPlan plan, IReadOnlyList<DrawnPrompt> drawn)
    {
        ArgumentNullException.ThrowIfNull(drawn);
        var measured = new EvaluatedPrompt[drawn.Count];
        for (int prompt = 0; prompt < measured.Length; prompt++)
            measured[prompt] = await MeasureAsync(plan, drawn[prompt]);
        return EvaluationResult.Of(plan, measured);
    }

    /// <summary>Draws the traces of every prompt and measures nothing.</summary>
    /// <returns>The traces, a prompt each, in the prompts' order.</returns>
    /// <inheritdoc cref="RunAsync" path="/param|/exception"/>
    public async Task<IReadOnlyList<DrawnPrompt>> DrawAsync(EvaluationPlan plan, Action<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentOutOfRangeException.ThrowIfLessThan(plan.Samples, 1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = new Watch(plan.Prompts.Count * plan.Samples, progress);
        var collectors = new TraceCollector[plan.Prompts.Count];
        for (int i = 0; i < collectors.Length; i++)
            collectors[i] = new TraceCollector(plan.Samples, watch);
        try
        {
            await WaitAsync(SubmitAsync(plan, collectors, stop.Token), watch, cancellationToken);
            await WaitAsync(Task.WhenAll(collectors.Select(collector => collector.Ended)), watch, cancellationToken);
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }

        return [.. collectors.Select((collector, prompt) => new DrawnPrompt(plan.Prompts[prompt], [.. collector.Traces]))];
    }

    private async Task SubmitAsync(EvaluationPlan plan, TraceCollector[] collectors, CancellationToken stop)
    {
        for (int prompt = 0; prompt < collectors.Length; prompt++)
        {
            // An engine takes no request with more slots than it can hold.
            foreach (int[] slots in Enumerable.Range(0, plan.Samples).Chunk(Math.Max(1, engine.Capacity)))
            {
                await engine.SubmitAsync(
                    new RolloutRequest(
                        plan.Prompts[prompt].Text, (uint)prompt, Round: 0, plan.Seed, plan.Policy, plan.Sampling,
                        [.. slots.Select(slot => new RolloutSlot((uint)slot, []))], collectors[prompt], stop),
                    stop);
            }
        }
    }

    // An engine that hangs would never end a task: as long as tokens come, it is waited for.
    private async Task WaitAsync(Task task, Watch watch, CancellationToken cancellationToken)
    {
        while (true)
        {
            long tokens = watch.Tokens;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task first = await Task.WhenAny(task, Task.Delay(Patience, time, patience.Token));
            await patience.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (first == task)
            {
                await task;
                return;
            }

            if (watch.Tokens == tokens)
                throw new TimeoutException($"The engine on {engine.Device} has drawn nothing for {Patience.TotalMinutes:0} minutes.");
        }
    }

    private static async ValueTask<EvaluatedPrompt> MeasureAsync(EvaluationPlan plan, DrawnPrompt drawn)
    {
        var statistics = new List<TraceStatistics>();
        var reflections = new List<int>();
        var answers = new List<string>();
        foreach (DrawnTrace trace in drawn.Traces)
        {
            Verdict verdict = await plan.Grader.GradeAsync(trace.Text, drawn.Item.Answer);
            GradedTrace graded = GradedTrace.Of(trace.Tokens, verdict.Correct, trace.Truncated);
            statistics.Add(TraceStatistics.Of(graded, plan.Preset) with { Unscorable = verdict.Unscorable });
            reflections.Add(Reflections.Count(trace.Text));
            answers.Add(verdict.Extracted ?? "");
        }

        return new EvaluatedPrompt(drawn.Item, statistics, reflections, answers);
    }

    /// <summary>Counts what is drawn, over all prompts.</summary>
    internal sealed class Watch(int traces, Action<EvaluationProgress>? progress)
    {
        private long _tokens;
        private int _ended;

        public long Tokens => Interlocked.Read(ref _tokens);

        public void Drew(int tokens) => Interlocked.Add(ref _tokens, tokens);

        public void Ended() => progress?.Invoke(new EvaluationProgress(Interlocked.Increment(ref _ended), traces));
    }
}
