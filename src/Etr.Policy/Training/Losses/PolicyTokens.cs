using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>The response tokens of a micro-batch as a loss sees them, packed in one row.</summary>
/// <param name="LogProbs">log π_θ (nats), [tokens]; carries the gradient.</param>
/// <param name="OldLogProbs">log π_old (nats), [tokens]: the policy that the ratio is to.</param>
/// <param name="Advantages">A, [tokens].</param>
/// <param name="Traces">Which trace each token is of.</param>
public sealed record PolicyTokens(torch.Tensor LogProbs, torch.Tensor OldLogProbs, torch.Tensor Advantages, TraceRows Traces);
