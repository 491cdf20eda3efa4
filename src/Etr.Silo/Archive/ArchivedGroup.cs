using System.Text.Json.Serialization;
using Etr.Core.Groups;
using Etr.Core.Statistics;
using Etr.Grains.Learners;

namespace Etr.Silo.Archive;

/// <summary>A row of the archive's groups; docs/archive.md says what each column is.</summary>
internal sealed class ArchivedGroup
{
    [JsonPropertyName("step")] public int Step { get; set; }
    [JsonPropertyName("ordinal")] public long Ordinal { get; set; }
    [JsonPropertyName("prompt")] public int Prompt { get; set; }
    [JsonPropertyName("round")] public int Round { get; set; }
    [JsonPropertyName("policy_version")] public long PolicyVersion { get; set; }
    [JsonPropertyName("traces")] public int Traces { get; set; }
    [JsonPropertyName("right")] public int Right { get; set; }
    [JsonPropertyName("unscorable")] public int Unscorable { get; set; }
    [JsonPropertyName("reward")] public double Reward { get; set; }
    [JsonPropertyName("length")] public double Length { get; set; }
    [JsonPropertyName("trend")] public double Trend { get; set; }
    [JsonPropertyName("sha256")] public string Sha256 { get; set; } = "";
    [JsonPropertyName("prompt_tokens")] public List<int> PromptTokens { get; set; } = [];

    /// <summary>The row of a group.</summary>
    /// <param name="step">The step that trained on it.</param>
    /// <param name="group">The group.</param>
    /// <param name="statistics">Of its traces, by slot.</param>
    /// <param name="manifest">What the step's manifest says of it.</param>
    public static ArchivedGroup Of(int step, GroupBody group, IReadOnlyList<TraceStatistics> statistics, ManifestGroup manifest)
    {
        TraceStatistics[] scored = [.. statistics.Where(trace => !trace.Unscorable)];
        return new ArchivedGroup
        {
            Step = step,
            Ordinal = group.Ordinal,
            Prompt = group.Prompt,
            Round = group.Round,
            PolicyVersion = group.PolicyVersion,
            Traces = group.Traces.Count,
            Right = scored.Count(trace => trace.Correct),
            Unscorable = group.Traces.Count - scored.Length,
            Reward = scored.Select(trace => trace.Reward).DefaultIfEmpty(double.NaN).Average(),
            Length = scored.Select(trace => (double)trace.TokenCount).DefaultIfEmpty(double.NaN).Average(),
            Trend = scored.Select(trace => trace.Trend).DefaultIfEmpty(double.NaN).Average(),
            Sha256 = manifest.Sha256,
            PromptTokens = [.. group.PromptTokens],
        };
    }
}
