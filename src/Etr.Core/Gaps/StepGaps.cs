using Etr.Core.Training;

namespace Etr.Core.Gaps;

/// <summary>The sampler–learner gaps of a step's tokens. A trace that the step did not pass through the model has none.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Traces">Its traces, ascending by ordinal and slot.</param>
public sealed record StepGaps(int Step, IReadOnlyList<TraceGaps> Traces)
{
    /// <summary>The gaps of a step that was trained.</summary>
    /// <param name="batch">What it was trained on.</param>
    /// <param name="trained">What the trainer says of it.</param>
    public static StepGaps Of(TrainingBatch batch, TrainingStep trained)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(trained);
        var groups = batch.Groups.ToDictionary(group => group.Ordinal);
        return new StepGaps(trained.Step,
        [
            .. trained.LearnerTraces.OrderBy(trace => trace.Ordinal).ThenBy(trace => trace.Slot)
                .Select(trace => TraceGaps.Of(trace, groups[trace.Ordinal].Traces[trace.Slot].LogProbs)).OfType<TraceGaps>(),
        ]);
    }

    /// <summary>The gaps of one trace; null where there are none.</summary>
    public TraceGaps? Find(long ordinal, int slot) => Traces.FirstOrDefault(trace => trace.Ordinal == ordinal && trace.Slot == slot);
}
