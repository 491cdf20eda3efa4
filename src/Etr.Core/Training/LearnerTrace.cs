namespace Etr.Core.Training;

/// <summary>What the learner made of a trace's drawn tokens when a step first passed it through the model.</summary>
/// <param name="Ordinal">Ordinal of its group.</param>
/// <param name="Slot">Its place in the group, from 0.</param>
/// <param name="LogProbs">The learner's log-probability (nats) of each drawn token, untruncated, at the sampling temperature; finite.</param>
/// <param name="UpdatesBefore">
/// How many updates the step had made by then. 0: the weights that the step began with, as always where the step has one update or
/// a correction; else a trace of the step's k-th mini-batch was seen after k − 1 updates.
/// </param>
public sealed record LearnerTrace(long Ordinal, int Slot, IReadOnlyList<float> LogProbs, int UpdatesBefore);
