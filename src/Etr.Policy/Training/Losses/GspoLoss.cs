using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>
/// GSPO (arXiv 2507.18071, equations 5 to 7): the clipped surrogate of a whole trace's ratio s = exp(mean_t log ρ), which each of
/// its tokens carries; under <c>seq-mean-token-mean</c> that is the mean over traces.
/// </summary>
internal sealed class GspoLoss : IPolicyLoss
{
    public string Name => "gspo";

    public LossDefaults Defaults { get; } = new(ClipLow: 3e-4, ClipHigh: 4e-4, DualClip: 0.0, "seq-mean-token-mean");

    public TokenLosses PerToken(PolicyTokens tokens, ClipRange clip)
    {
        torch.Tensor ratios = ImportanceRatio.FromLog(tokens.Traces.Mean(tokens.LogProbs.sub(tokens.OldLogProbs)));
        return ClippedPolicyLoss.Of(tokens.Traces.Spread(ratios), tokens.Advantages, clip);
    }
}
