using Etr.Grains.Runs;

namespace Etr.Dashboard.Runs;

/// <summary>A run in the list.</summary>
/// <param name="Entry">What the directory says of it.</param>
/// <param name="Status">What it says itself; null where it was not asked yet or does not answer.</param>
internal sealed record RunLine(RunEntry Entry, RunStatus? Status)
{
    /// <summary>Its last step; null before the first.</summary>
    public StepSummary? Last => Status?.LastStep;

    /// <summary>Its state, of the two accounts the fresher one.</summary>
    public RunState State => Status?.State ?? Entry.State;
}
