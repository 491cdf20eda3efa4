namespace Etr.Core.Evaluation;

/// <summary>Where an evaluation stands.</summary>
/// <param name="Traces">Traces that have ended.</param>
/// <param name="Of">Traces in all.</param>
public readonly record struct EvaluationProgress(int Traces, int Of);
