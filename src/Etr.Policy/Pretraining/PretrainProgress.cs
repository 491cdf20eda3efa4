namespace Etr.Policy.Pretraining;

/// <summary>Where pretraining stands.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Mean loss (nats per token of the chains) over the last <see cref="Pretrainer.ReportEvery"/> steps.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="TokensPerSecond">Tokens, padding excluded, through the model a second since the last report.</param>
/// <param name="Elapsed">Time since the start.</param>
public sealed record PretrainProgress(int Step, int Steps, double Loss, double LearningRate, double TokensPerSecond, TimeSpan Elapsed);
