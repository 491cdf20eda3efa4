using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>
/// CISPO (arXiv 2506.13585, equations 4 and 5): −sg(ρ̂)·A·log π_θ with the ratio as a weight, held to [1 − ε_lo, 1 + ε_hi]: at most
/// 5 and without a lower bound unless set. No token stops pulling; one that is clipped pulls with the bound's weight.
/// </summary>
internal sealed class CispoLoss : IPolicyLoss
{
    public string Name => "cispo";

    public LossDefaults Defaults { get; } = new(ClipLow: 1.0, ClipHigh: 4.0, DualClip: null, "token-mean");

    public TokenLosses PerToken(PolicyTokens tokens, ClipRange clip)
    {
        (double low, double high) = (1.0 - clip.Low, 1.0 + clip.High);
        torch.Tensor ratios = ImportanceRatio.Of(tokens.LogProbs, tokens.OldLogProbs).detach();
        torch.Tensor losses = ratios.Clamped(low, high).mul(tokens.Advantages).neg().mul(tokens.LogProbs);
        return new TokenLosses(losses, ratios.IsBelow(low), ratios.IsAbove(high));
    }
}
