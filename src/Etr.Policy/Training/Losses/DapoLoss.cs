namespace Etr.Policy.Training.Losses;

/// <summary>DAPO (arXiv 2503.14476, section 3.1): the clipped surrogate with more room above, so that unlikely tokens can grow.</summary>
internal sealed class DapoLoss : IPolicyLoss
{
    public string Name => "dapo";

    public LossDefaults Defaults { get; } = new(ClipLow: 0.2, ClipHigh: 0.28, DualClip: ClippedPolicyLoss.DualClip, "token-mean");

    public TokenLosses PerToken(PolicyTokens tokens, ClipRange clip) =>
        ClippedPolicyLoss.Of(ImportanceRatio.Of(tokens.LogProbs, tokens.OldLogProbs), tokens.Advantages, clip);
}
