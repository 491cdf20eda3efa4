using Etr.Core.Training;

namespace Etr.Policy.Training;

/// <summary>A trace of a step, with its place in the step and the weight its tokens have in the loss.</summary>
/// <param name="Ordinal">Ordinal of its group.</param>
/// <param name="Slot">Its place in the group.</param>
/// <param name="Prompt">Ids of the prompt.</param>
/// <param name="Trace">The trace.</param>
/// <param name="Weight">Weight of each of its tokens in the aggregated loss; 0 for a masked trace.</param>
internal sealed record StepTrace(long Ordinal, int Slot, IReadOnlyList<int> Prompt, TrainingTrace Trace, double Weight)
{
    /// <summary>Positions the model must see: the last token is only ever a target.</summary>
    public int InputLength => Prompt.Count + Trace.Tokens.Count - 1;

    /// <summary>The id at a position of prompt and trace together.</summary>
    public int TokenAt(int position) => position < Prompt.Count ? Prompt[position] : Trace.Tokens[position - Prompt.Count];
}
