using Etr.Core.Training;

namespace Etr.Policy.Training;

/// <summary>
/// A step cut into updates, and each update into micro-batches: traces of similar length together, each micro-batch a rectangle of
/// at most a budget of tokens, padding counted. Depends on the batch's content alone, not on the order in which its groups arrived.
/// </summary>
/// <param name="Updates">Micro-batches of each update of an epoch: the rectangles' rows, longest traces first.</param>
internal sealed record StepPlan(IReadOnlyList<IReadOnlyList<IReadOnlyList<StepTrace>>> Updates)
{
    /// <summary>The micro-batches of all updates.</summary>
    public IEnumerable<IReadOnlyList<StepTrace>> MicroBatches => Updates.SelectMany(microBatches => microBatches);

    /// <summary>Tokens that pass through the model, prompts included and padding left out.</summary>
    public long InputTokens => MicroBatches.Sum(traces => traces.Sum(trace => (long)trace.InputLength));

    /// <summary>Checks a batch and cuts it up.</summary>
    /// <param name="batch">The step's groups, in any order.</param>
    /// <param name="options">The budget, the aggregation (resolved), the number of updates, and which terms the loss has.</param>
    /// <param name="vocabularySize">Ids lie below it.</param>
    /// <param name="contextLength">Prompt and trace together are no longer.</param>
    /// <exception cref="ArgumentException">The batch is empty, holds an ordinal twice, or a trace does not fit the model.</exception>
    public static StepPlan Of(TrainingBatch batch, TrainingOptions options, int vocabularySize, int contextLength)
    {
        TrainingGroup[] groups = [.. batch.Groups.OrderBy(group => group.Ordinal)];
        for (int i = 1; i < groups.Length; i++)
        {
            if (groups[i].Ordinal == groups[i - 1].Ordinal)
                throw new ArgumentException($"group {groups[i].Ordinal} is in the batch twice", nameof(batch));
        }

        if (groups.All(group => group.Traces.Count == 0))
            throw new ArgumentException("the batch holds no trace", nameof(batch));

        int updates = Math.Min(options.MiniBatches, groups.Length);
        return new StepPlan([.. Enumerable.Range(0, updates).Select(update =>
            Cut(groups[(update * groups.Length / updates)..((update + 1) * groups.Length / updates)], options, vocabularySize, contextLength))]);
    }

    private static List<IReadOnlyList<StepTrace>> Cut(TrainingGroup[] groups, TrainingOptions options, int vocabularySize, int contextLength)
    {
        StepTrace[] traces = Weigh(groups, options);
        foreach (StepTrace trace in traces)
            Check(trace, vocabularySize, contextLength);

        StepTrace[] counted = [.. traces.Where(trace => !trace.Trace.Masked)];
        // A trace with no advantage and no other term pulls at nothing: its gradient is exactly zero, and its tokens are in the
        // weights already. Where no trace pulls, all are passed through, so that the step's figures still say something.
        bool otherTerms = options.KlCoefficient > 0.0 || options.EntropyCoefficient > 0.0 || options.EntropyTarget is not null;
        StepTrace[] pulling = [.. counted.Where(trace => otherTerms || trace.Trace.Advantage != 0.0)];
        return Pack(pulling.Length > 0 ? pulling : counted, options.MicroBatchTokens);
    }

    // The aggregation is over the traces of one update: that is the batch whose mean the optimiser takes a step along.
    private static StepTrace[] Weigh(TrainingGroup[] groups, TrainingOptions options)
    {
        StepTrace[] traces = [.. groups.SelectMany(group => group.Traces.Select(
            (trace, slot) => new StepTrace(group.Ordinal, slot, group.PromptTokens, trace, 0.0)))];
        int[] counts = [.. traces.Select(trace => trace.Trace.Masked ? 0 : trace.Trace.Tokens.Count)];
        double[] weights = LossAggregation.Weights(counts, LossAggregation.Parse(options.Aggregation), options.AggregationConstant);
        return [.. traces.Select((trace, i) => trace with { Weight = weights[i] })];
    }

    private static void Check(StepTrace trace, int vocabularySize, int contextLength)
    {
        string name = $"group {trace.Ordinal}, trace {trace.Slot}";
        if (trace.Prompt.Count == 0)
            throw new ArgumentException($"{name}: the prompt is empty");
        if (trace.Trace.Tokens.Count == 0)
            throw new ArgumentException($"{name}: the trace is empty");
        if (trace.Trace.LogProbs.Count != trace.Trace.Tokens.Count)
            throw new ArgumentException($"{name}: {trace.Trace.LogProbs.Count} log-probabilities for {trace.Trace.Tokens.Count} tokens");
        if (trace.Prompt.Count + (long)trace.Trace.Tokens.Count > contextLength)
            throw new ArgumentException($"{name}: {trace.Prompt.Count} + {trace.Trace.Tokens.Count} tokens exceed the context of {contextLength}");
        foreach (int id in trace.Prompt.Concat(trace.Trace.Tokens))
        {
            if (id < 0 || id >= vocabularySize)
                throw new ArgumentException($"{name}: token {id} is outside the vocabulary of {vocabularySize}");
        }
    }

    private static List<IReadOnlyList<StepTrace>> Pack(StepTrace[] traces, int budget)
    {
        List<IReadOnlyList<StepTrace>> batches = [];
        List<StepTrace> rows = [];
        int width = 0;
        foreach (StepTrace trace in traces
            .OrderByDescending(trace => trace.InputLength).ThenBy(trace => trace.Ordinal).ThenBy(trace => trace.Slot))
        {
            if (rows.Count > 0 && (rows.Count + 1L) * width > budget)
            {
                batches.Add(rows);
                rows = [];
            }

            if (rows.Count == 0)
                width = trace.InputLength;
            rows.Add(trace);
        }

        if (rows.Count > 0)
            batches.Add(rows);
        return batches;
    }
}
