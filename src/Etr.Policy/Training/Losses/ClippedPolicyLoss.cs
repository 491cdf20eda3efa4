using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>
/// The clipped surrogate of PPO (arXiv 1707.06347, equation 7) as GRPO and DAPO use it, a token at a time, with the second
/// clip for negative advantages (arXiv 1912.09729, equation 5).
/// </summary>
public static class ClippedPolicyLoss
{
    /// <summary>The dual-clip bound c of the losses that have one.</summary>
    public const double DualClip = 3.0;

    /// <summary>The loss of each token, and which of them are clipped.</summary>
    internal static TokenLosses Of(torch.Tensor ratios, torch.Tensor advantages, ClipRange clip)
    {
        torch.Tensor losses = PerToken(ratios, advantages, clip);
        using IDisposable noGradient = torch.no_grad();
        return new TokenLosses(losses, ClippedLow(ratios, advantages, clip), ClippedHigh(ratios, advantages, clip));
    }

    /// <summary>−min(ρA, clip(ρ, 1 − ε_lo, 1 + ε_hi)·A); where A &lt; 0 and dual clip is on, at most −c·A.</summary>
    /// <param name="ratios">ρ, any shape.</param>
    /// <param name="advantages">A, the same shape or one that broadcasts to it.</param>
    /// <param name="clip">The clip range.</param>
    /// <returns>The loss of each token, to be aggregated.</returns>
    public static torch.Tensor PerToken(torch.Tensor ratios, torch.Tensor advantages, ClipRange clip)
    {
        ArgumentNullException.ThrowIfNull(ratios);
        ArgumentNullException.ThrowIfNull(advantages);
        torch.Tensor negated = advantages.neg();
        torch.Tensor loss = torch.maximum(ratios * negated, ratios.Clamped(1.0 - clip.Low, 1.0 + clip.High) * negated);
        return clip.DualClip > 0.0
            ? torch.where(advantages.IsBelow(0.0), torch.minimum(loss, negated.Times(clip.DualClip)), loss)
            : loss;
    }

    /// <summary>The tokens that pull no more because their ratio fell below 1 − ε_lo (A &lt; 0).</summary>
    /// <returns>A boolean tensor of the ratios' shape.</returns>
    public static torch.Tensor ClippedLow(torch.Tensor ratios, torch.Tensor advantages, ClipRange clip)
    {
        ArgumentNullException.ThrowIfNull(ratios);
        ArgumentNullException.ThrowIfNull(advantages);
        return ratios.IsBelow(1.0 - clip.Low).logical_and(advantages.IsBelow(0.0));
    }

    /// <summary>The tokens that pull no more because their ratio rose above 1 + ε_hi (A &gt; 0) or past the dual clip (A &lt; 0).</summary>
    /// <returns>A boolean tensor of the ratios' shape.</returns>
    public static torch.Tensor ClippedHigh(torch.Tensor ratios, torch.Tensor advantages, ClipRange clip)
    {
        ArgumentNullException.ThrowIfNull(ratios);
        ArgumentNullException.ThrowIfNull(advantages);
        torch.Tensor rose = ratios.IsAbove(1.0 + clip.High).logical_and(advantages.IsAbove(0.0));
        return clip.DualClip > 0.0
            ? rose.logical_or(ratios.IsAbove(clip.DualClip).logical_and(advantages.IsBelow(0.0)))
            : rose;
    }
}
