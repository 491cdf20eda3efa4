using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary>
/// <c>Etr:Samplers</c>: servers that draw for this silo. Host settings, though a new draw of a remote server is never the bits of a
/// local one (ADR 0010).
/// </summary>
public sealed record SamplersSettings
{
    /// <summary>
    /// The servers, one sampler each; those without a <see cref="RemoteServerSettings.Url"/> are none. Where there is one and
    /// <c>Etr:Cluster:Devices</c> is empty, no device of this machine draws.
    /// </summary>
    public IReadOnlyList<RemoteServerSettings> Remote { get; init; } = [.. Enumerable.Range(0, SettingSchema.MostEntries).Select(_ => new RemoteServerSettings())];

    /// <summary>
    /// Where full-vocabulary entropies come from when a server has none: <c>none</c>, or <c>torch</c>, a pass of the policy over what
    /// was drawn, in this process before it is graded. The default value is <c>none</c>.
    /// </summary>
    [AllowedValues("none", "torch")]
    public string Scoring { get; init; } = "none";

    /// <summary>The servers that were named.</summary>
    internal IReadOnlyList<RemoteServerSettings> Servers => [.. Remote.Where(server => server.Url.Length > 0)];
}

/// <summary><c>Etr:Samplers:Remote:N</c>: one server.</summary>
public sealed record RemoteServerSettings
{
    /// <summary>Its address with or without <c>/v1</c>, such as <c>http://10.0.0.7:8000/v1</c>. The default value is empty: no server.</summary>
    [RegularExpression("^(https?://[A-Za-z0-9._:\\[\\]-]{1,255}(/[A-Za-z0-9._~/-]{0,255})?)?$")]
    public string Url { get; init; } = "";

    /// <summary>What it is: <c>vllm</c>, <c>sglang</c>, or <c>etr</c> (another silo's endpoint). The default value is <c>vllm</c>.</summary>
    [AllowedValues("vllm", "sglang", "etr")]
    public string Kind { get; init; } = "vllm";

    /// <summary>The model's name on the server; <c>etr</c> needs none. The default value is empty.</summary>
    [RegularExpression("^[ -~]{0,256}$")]
    public string Model { get; init; } = "";

    /// <summary>The sampler's name in lists and metrics; empty takes host and port. The default value is empty.</summary>
    [RegularExpression("^[A-Za-z0-9._-]{0,64}$")]
    public string Name { get; init; } = "";

    /// <summary>Environment variable that holds its API key. The default value is empty: no key.</summary>
    [RegularExpression("^[A-Za-z0-9_]{0,128}$")]
    public string KeyVariable { get; init; } = "";

    /// <summary>File that holds its API key. The default value is empty: no key.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>Traces that it draws for this silo at once. The default value is 64.</summary>
    [Range(1, 4096)]
    public int Slots { get; init; } = 64;

    /// <summary>Seconds that one request may take in all. The default value is 900.</summary>
    [Range(1, 86_400)]
    public int Seconds { get; init; } = 900;

    /// <summary>Seconds without a token after which a request is given up. The default value is 60.</summary>
    [Range(1, 3600)]
    public int IdleSeconds { get; init; } = 60;

    /// <summary>Times that a request is made again before its traces are handed back, for as long as nothing was drawn. The default value is 3.</summary>
    [Range(0, 16)]
    public int Retries { get; init; } = 3;

    /// <summary>Adapters of policy versions that it keeps loaded, where the policy is trained by adapters. The default value is 2.</summary>
    [Range(1, 64)]
    public int Adapters { get; init; } = 2;
}
