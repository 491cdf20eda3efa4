namespace Etr.Policy.Training.Losses;

/// <summary>
/// Dr. GRPO (arXiv 2503.20783, section 3.2): the clipped surrogate without the two divisions that favour long wrong answers and
/// easy or hard prompts: advantages are only centred, and a constant, not the trace's length, is the norm.
/// </summary>
internal sealed class DrGrpoLoss : IPolicyLoss
{
    public string Name => "dr-grpo";

    public LossDefaults Defaults { get; } = new(ClipLow: 0.2, ClipHigh: 0.2, DualClip: ClippedPolicyLoss.DualClip, "constant", "center");

    public TokenLosses PerToken(PolicyTokens tokens, ClipRange clip) =>
        ClippedPolicyLoss.Of(ImportanceRatio.Of(tokens.LogProbs, tokens.OldLogProbs), tokens.Advantages, clip);
}
