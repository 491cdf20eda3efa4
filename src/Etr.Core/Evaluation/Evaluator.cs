using Etr.Core.Grading;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Statistics;

namespace Etr.Core.Evaluation;

/// <summary>
/// Asks a policy every prompt of a set and measures what comes back. All prompts go to the engine at once, which draws as
/// many slots together as it holds; of several engines each takes the next prompt when it has room.
/// </summary>
/// <param name="engines">What draws, at least one.</param>
/// <param name="time">The clock.</param>
public sealed class Evaluator(IReadOnlyList<IRolloutEngine> engines, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Draws with one engine.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="time">The clock.</param>
    public Evaluator(IRolloutEngine engine, TimeProvider time)
        : this([engine], time)
    {
    }

    /// <summary>Where measured prompts are kept, and found again by the next evaluation of the same; null keeps none. The default value is null.</summary>
    public EvaluationJournal? Journal { get; init; }

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
        ArgumentNullException.ThrowIfNull(plan);
        string part = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{plan.Sampling.Temperature:R}/{plan.Samples}");
        var measured = new EvaluatedPrompt?[plan.Prompts.Count];
        for (int prompt = 0; prompt < measured.Length; prompt++)
            measured[prompt] = Journal?.Find(part, prompt, plan.Prompts[prompt]);
        int[] open = [.. Enumerable.Range(0, measured.Length).Where(prompt => measured[prompt] is null)];

        // One at a time: a grader of the user's own need not be ready for more.
        using var turn = new SemaphoreSlim(1);
        await DrawAsync(plan, open, progress, async (prompt, drawn) =>
        {
            await turn.WaitAsync(CancellationToken.None);
            try
            {
                EvaluatedPrompt found = await MeasureAsync(plan, drawn);
                Journal?.Add(part, prompt, found);
                measured[prompt] = found;
            }
            finally
            {
                turn.Release();
            }
        }, cancellationToken);
        return EvaluationResult.Of(plan, measured!);
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
        var drawn = new DrawnPrompt[plan.Prompts.Count];
        await DrawAsync(
            plan,
            [.. Enumerable.Range(0, drawn.Length)],
            progress,
            (prompt, traces) =>
            {
                drawn[prompt] = traces;
                return Task.CompletedTask;
            },
            cancellationToken);
        return drawn;
    }

    private async Task DrawAsync(EvaluationPlan plan, int[] prompts, Action<EvaluationProgress>? progress, Func<int, DrawnPrompt, Task> ended, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(plan.Samples, 1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = new Watch(plan.Prompts.Count * plan.Samples, (plan.Prompts.Count - prompts.Length) * plan.Samples, progress);
        TraceCollector[] collectors = [.. prompts.Select(_ => new TraceCollector(plan.Samples, watch))];
        async Task EndAsync(int place)
        {
            await collectors[place].Ended;
            await ended(prompts[place], new DrawnPrompt(plan.Prompts[prompts[place]], [.. collectors[place].Traces]));

            // Its tokens are of no more use.
            collectors[place] = null!;
        }

        Task[] ends = [.. Enumerable.Range(0, prompts.Length).Select(EndAsync)];
        try
        {
            int next = -1;
            await WaitAsync(Task.WhenAll(engines.Select(engine => SubmitAsync(engine, plan, prompts, collectors, () => Interlocked.Increment(ref next), stop.Token))), watch, cancellationToken);
            await WaitAsync(Task.WhenAll(ends), watch, cancellationToken);
        }
        catch
        {
            await stop.CancelAsync();

            // What has ended is measured and kept, whatever became of the rest.
            IEnumerable<Task> closing = ends.Where((_, place) => collectors[place] is null or { Ended.IsCompletedSuccessfully: true });
            await Task.WhenAll(closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private static async Task SubmitAsync(IRolloutEngine engine, EvaluationPlan plan, int[] prompts, TraceCollector[] collectors, Func<int> next, CancellationToken stop)
    {
        for (int place = next(); place < prompts.Length; place = next())
        {
            TraceCollector collector = collectors[place];
            int prompt = prompts[place];

            // An engine takes no request with more slots than it can hold.
            foreach (int[] slots in Enumerable.Range(0, plan.Samples).Chunk(Math.Max(1, engine.Capacity)))
            {
                await engine.SubmitAsync(
                    new RolloutRequest(
                        plan.Prompts[prompt].Text, (uint)prompt, Round: 0, plan.Seed, plan.Policy, plan.Sampling,
                        [.. slots.Select(slot => new RolloutSlot((uint)slot, []))], collector, stop),
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
                throw new TimeoutException($"The engine on {string.Join(", ", engines.Select(engine => engine.Device))} has drawn nothing for {Patience.TotalMinutes:0} minutes.");
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
    internal sealed class Watch(int traces, int known, Action<EvaluationProgress>? progress)
    {
        private long _tokens;
        private int _ended = known;

        public long Tokens => Interlocked.Read(ref _tokens);

        public void Drew(int tokens) => Interlocked.Add(ref _tokens, tokens);

        public void Ended() => progress?.Invoke(new EvaluationProgress(Interlocked.Increment(ref _ended), traces));
    }
}
