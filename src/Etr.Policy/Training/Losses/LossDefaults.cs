namespace Etr.Policy.Training.Losses;

/// <summary>What a loss takes where the configuration leaves a blank.</summary>
/// <param name="ClipLow">Lower clip range ε_lo; null where the loss has none, and then none may be set.</param>
/// <param name="ClipHigh">Upper clip range ε_hi; null as above.</param>
/// <param name="DualClip">Dual-clip bound c, 0 for off; null where the loss has none, and then none but 0 may be set.</param>
/// <param name="Aggregation">Name of the loss aggregation.</param>
/// <param name="Estimator">Name of the advantage estimator; null leaves it to the reward shaper.</param>
public sealed record LossDefaults(double? ClipLow, double? ClipHigh, double? DualClip, string Aggregation, string? Estimator = null);
