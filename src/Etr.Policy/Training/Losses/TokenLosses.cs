using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>What a loss says of each token, [tokens] each.</summary>
/// <param name="Losses">The loss, to be weighted and summed; carries the gradient.</param>
/// <param name="ClippedLow">True where the ratio fell below the range and was held there.</param>
/// <param name="ClippedHigh">True where the ratio rose above the range and was held there.</param>
public readonly record struct TokenLosses(torch.Tensor Losses, torch.Tensor ClippedLow, torch.Tensor ClippedHigh);
