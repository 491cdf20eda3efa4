namespace Etr.Policy.Training.Losses;

/// <summary>GRPO (arXiv 2402.03300, section 4.1): PPO's clipped surrogate with one advantage a trace, and a second clip for negative ones.</summary>
internal sealed class GrpoLoss : IPolicyLoss
{
    public string Name => "grpo";

    public LossDefaults Defaults { get; } = new(ClipLow: 0.2, ClipHigh: 0.2, DualClip: ClippedPolicyLoss.DualClip, "token-mean");

    public TokenLosses PerToken(PolicyTokens tokens, ClipRange clip) =>
        ClippedPolicyLoss.Of(ImportanceRatio.Of(tokens.LogProbs, tokens.OldLogProbs), tokens.Advantages, clip);
}
