using System.ComponentModel.DataAnnotations;

namespace Etr.Policy.Rollouts;

/// <summary>How a rollout engine uses its machine.</summary>
public sealed record RolloutEngineOptions
{
    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. The default value is <c>cpu</c>.</summary>
    [Required]
    public string Device { get; init; } = "cpu";

    /// <summary>Threads of one tensor operation; 0 means one a core. The default value is 0.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Most slots decoded at once. The default value is 128.</summary>
    [Range(1, 65_536)]
    public int Capacity { get; init; } = 128;

    /// <summary>Most tokens whose keys and values are held at once, prompts counted; 0 for as many as the slots come to. The default value is 0.</summary>
    [Range(0, 1L << 40)]
    public long CacheTokens { get; init; }

    /// <summary>Whether the torch engine holds weights, keys and values in bf16. The default value is false: fp32.</summary>
    public bool HalfPrecision { get; init; }

    /// <summary>Requests that wait in the engine's queue before <c>SubmitAsync</c> makes its caller wait. The default value is 64.</summary>
    [Range(1, 65_536)]
    public int QueueLength { get; init; } = 64;

    /// <summary>Whether the engine's thread runs below normal priority, so that a cluster's probes are answered. The default value is false.</summary>
    public bool LowPriority { get; init; }
}
