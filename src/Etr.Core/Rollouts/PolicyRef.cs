namespace Etr.Core.Rollouts;

/// <summary>One version of the policy's weights.</summary>
/// <param name="Version">0 for the policy a run starts from, then the step that made it.</param>
/// <param name="File">Path of the safetensors file.</param>
/// <param name="Sha256">The file's SHA-256 in lower-case hexadecimal; a sampler verifies it before use.</param>
public sealed record PolicyRef(long Version, string File, string Sha256);
