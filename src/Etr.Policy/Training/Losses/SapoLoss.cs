using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>
/// SAPO (arXiv 2511.20347, section 3): −(4/τ)·σ(τ(ρ − 1))·A, a soft gate in place of the clip. At ρ = 1 its slope is that of ρ·A;
/// away from 1 it fades, faster for negative advantages (τ = 1.05) than for others (τ = 1).
/// </summary>
internal sealed class SapoLoss : IPolicyLoss
{
    private const double PositiveTemperature = 1.0;
    private const double NegativeTemperature = 1.05;

    public string Name => "sapo";

    public LossDefaults Defaults { get; } = new(ClipLow: null, ClipHigh: null, DualClip: null, "seq-mean-token-mean");

    public TokenLosses PerToken(PolicyTokens tokens, ClipRange clip)
    {
        torch.Tensor ratios = ImportanceRatio.Of(tokens.LogProbs, tokens.OldLogProbs);
        torch.Tensor positive = tokens.Advantages.IsAbove(0.0);
        torch.Tensor temperature = positive.to(ratios.dtype).Times(PositiveTemperature - NegativeTemperature).Plus(NegativeTemperature);
        torch.Tensor losses = ratios.Minus(1.0).mul(temperature).sigmoid().mul(tokens.Advantages.div(temperature).Times(-4.0));
        torch.Tensor none = torch.zeros_like(positive);
        return new TokenLosses(losses, none, none);
    }
}
