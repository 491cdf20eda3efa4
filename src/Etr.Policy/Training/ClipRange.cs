using Etr.Core.Training;

namespace Etr.Policy.Training;

/// <summary>Between which ratios a token's advantage still pulls.</summary>
/// <param name="Low">ε_lo: ratios below 1 − ε_lo are clipped (0 to 1).</param>
/// <param name="High">ε_hi: ratios above 1 + ε_hi are clipped (at least 0).</param>
/// <param name="DualClip">c, which bounds the loss of a token with a negative advantage by −c·A; 0 turns it off.</param>
public readonly record struct ClipRange(double Low, double High, double DualClip)
{
    private const double GrpoHigh = 0.2;

    // "Clip-higher" of DAPO, arXiv 2503.14476, section 3.1: room for unlikely tokens to grow.
    private const double DapoHigh = 0.28;

    /// <summary>The range that a loss name and its options ask for.</summary>
    /// <exception cref="ArgumentException">The loss is none of <c>grpo</c> and <c>dapo</c>.</exception>
    public static ClipRange From(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        double high = options.Loss switch
        {
            "grpo" => GrpoHigh,
            "dapo" => DapoHigh,
            _ => throw new ArgumentException($"loss '{options.Loss}' is none of grpo, dapo", nameof(options)),
        };
        return new ClipRange(options.ClipLow, options.ClipHigh ?? high, options.DualClip);
    }
}
