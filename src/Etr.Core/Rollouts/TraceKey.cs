namespace Etr.Core.Rollouts;

/// <summary>
/// Names a trace within a run for the random numbers that draw it: the same key under the same seed and weights redraws
/// the same tokens, on whatever sampler.
/// </summary>
/// <param name="Prompt">The prompt's index in its set.</param>
/// <param name="Round">How often the prompt had been rolled out before, from 0.</param>
/// <param name="Slot">The trace's place in its group, from 0.</param>
public readonly record struct TraceKey(uint Prompt, uint Round, uint Slot);
