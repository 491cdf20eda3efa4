using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Rollouts;

/// <summary>How traces are drawn. Truncation (top-p, top-k) shapes the draw alone, never the recorded log-probabilities.</summary>
public sealed record SamplingOptions
{
    /// <summary>Sampling temperature; 0 takes the most probable token and records its figures at temperature 1. The default value is 0.7.</summary>
    [Range(0.0, 10.0)]
    public double Temperature { get; init; } = 0.7;

    /// <summary>Nucleus mass in (0, 1]; 1 keeps every token. The default value is 1.</summary>
    [Range(1e-6, 1.0)]
    public double TopP { get; init; } = 1.0;

    /// <summary>How many of the most probable tokens may be drawn; 0 keeps all. The default value is 0.</summary>
    [Range(0, 1_000_000)]
    public int TopK { get; init; }

    /// <summary>Most tokens a trace may have; one that reaches it is truncated. The default value is 256.</summary>
    [Range(1, 1_048_576)]
    public int MaxNewTokens { get; init; } = 256;
}
