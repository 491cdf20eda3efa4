namespace Etr.Policy.Training.Losses;

/// <summary>Between which ratios a token's advantage still pulls.</summary>
/// <param name="Low">ε_lo: ratios below 1 − ε_lo are clipped (0 to 1).</param>
/// <param name="High">ε_hi: ratios above 1 + ε_hi are clipped (at least 0).</param>
/// <param name="DualClip">c, which bounds the loss of a token with a negative advantage by −c·A; 0 turns it off.</param>
public readonly record struct ClipRange(double Low, double High, double DualClip);
