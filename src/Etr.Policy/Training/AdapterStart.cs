namespace Etr.Policy.Training;

/// <summary>What adapters begin with, beside their options.</summary>
/// <param name="Seed">Seed of the first A and of dropout. The default value is 1.</param>
/// <param name="BaseSha256">SHA-256 of the model's weights, where it is known; null takes it from the file.</param>
/// <param name="HalfPrecision">Whether the model's matrices are held in bf16. The default value is false: fp32.</param>
public sealed record AdapterStart(long Seed = 1, string? BaseSha256 = null, bool HalfPrecision = false);
