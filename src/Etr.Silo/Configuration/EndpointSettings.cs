using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary>
/// <c>Etr:Endpoint</c>: the policy in training, served as <c>/v1/…</c> at the address of the dashboard. Host settings: they never
/// change what a run computes, but what is drawn for others takes time from it.
/// </summary>
public sealed record EndpointSettings
{
    /// <summary>Whether it is served. The default value is false.</summary>
    public bool Enabled { get; init; }

    /// <summary>
    /// The API key that clients send as a bearer token, at least 16 characters. Empty takes the secret that guards the pages; without
    /// one of the two it is served on loopback alone, and asks for none there. The default value is empty.
    /// </summary>
    [RegularExpression("^([!-~]{16,256})?$")]
    public string Secret { get; init; } = "";

    /// <summary>The run whose policy is served; empty takes the newest that is running, else the newest. The default value is empty.</summary>
    [RegularExpression("^[A-Za-z0-9._-]{0,128}$")]
    public string Run { get; init; } = "";

    /// <summary>Traces drawn at once. The default value is 16.</summary>
    [Range(1, 4096)]
    public int Slots { get; init; } = 16;

    /// <summary>Traces that may wait for a slot; a request beyond is answered 429. The default value is 64.</summary>
    [Range(0, 65_536)]
    public int Queue { get; init; } = 64;

    /// <summary>Most tokens a trace may be asked for. The default value is 4096.</summary>
    [Range(1, 1_048_576)]
    public int MaxTokens { get; init; } = 4096;

    /// <summary>Most bytes of a request. The default value is 1048576.</summary>
    [Range(1024, 67_108_864)]
    public int MaxBytes { get; init; } = 1 << 20;

    /// <summary>Seconds that a request may take, waiting included. The default value is 300.</summary>
    [Range(1, 86_400)]
    public int Seconds { get; init; } = 300;

    /// <summary>Threads of its engine; 0 takes those of <c>Etr:Policy:Threads</c>. The default value is 0.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }
}
