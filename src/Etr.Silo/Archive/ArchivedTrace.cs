using System.Text.Json.Serialization;
using Etr.Core.Gaps;
using Etr.Core.Groups;
using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Core.Statistics;

namespace Etr.Silo.Archive;

/// <summary>A row of the archive's traces; docs/archive.md says what each column is.</summary>
internal sealed class ArchivedTrace
{
    [JsonPropertyName("step")] public int Step { get; set; }
    [JsonPropertyName("ordinal")] public long Ordinal { get; set; }
    [JsonPropertyName("prompt")] public int Prompt { get; set; }
    [JsonPropertyName("round")] public int Round { get; set; }
    [JsonPropertyName("slot")] public int Slot { get; set; }
    [JsonPropertyName("policy_version")] public long PolicyVersion { get; set; }
    [JsonPropertyName("oldest_version")] public long OldestVersion { get; set; }
    [JsonPropertyName("newest_version")] public long NewestVersion { get; set; }
    [JsonPropertyName("correct")] public bool? Correct { get; set; }
    [JsonPropertyName("truncated")] public bool Truncated { get; set; }
    [JsonPropertyName("extracted")] public string? Extracted { get; set; }
    [JsonPropertyName("reason")] public string Reason { get; set; } = "";
    [JsonPropertyName("unscorable")] public string? Unscorable { get; set; }
    [JsonPropertyName("length")] public int Length { get; set; }
    [JsonPropertyName("reasoning_steps")] public int ReasoningSteps { get; set; }
    [JsonPropertyName("reward")] public double Reward { get; set; }
    [JsonPropertyName("correctness_reward")] public double CorrectnessReward { get; set; }
    [JsonPropertyName("trend_reward")] public double TrendReward { get; set; }
    [JsonPropertyName("trend")] public double Trend { get; set; }
    [JsonPropertyName("variation")] public double Variation { get; set; }
    [JsonPropertyName("advantage")] public double Advantage { get; set; }
    [JsonPropertyName("tokens")] public List<int> Tokens { get; set; } = [];
    [JsonPropertyName("log_probs")] public List<float> LogProbs { get; set; } = [];
    [JsonPropertyName("learner_log_probs")] public List<float>? LearnerLogProbs { get; set; }
    [JsonPropertyName("entropies")] public List<float> Entropies { get; set; } = [];
    [JsonPropertyName("step_entropies")] public List<double> StepEntropies { get; set; } = [];
    [JsonPropertyName("text")] public string Text { get; set; } = "";

    /// <summary>The row of a trace.</summary>
    /// <param name="step">The step that trained on it.</param>
    /// <param name="group">Its group.</param>
    /// <param name="slot">Its slot.</param>
    /// <param name="advantage">Its advantage in that step.</param>
    /// <param name="preset">The run's preset.</param>
    /// <param name="gaps">By how much sampler and learner differed on its tokens; null where that is not known.</param>
    public static ArchivedTrace Of(int step, GroupBody group, int slot, double advantage, EtrPreset preset, TraceGaps? gaps)
    {
        GroupTrace scored = group.Traces[slot];
        var graded = Trace.Of(scored.Tokens, scored.Truncated).Graded(scored.Verdict.Correct);
        var statistics = TraceStatistics.Of(graded, preset, scored.Payment.Reward);
        float[] logProbs = [.. scored.Tokens.Select(token => token.LogProb)];
        return new ArchivedTrace
        {
            Step = step,
            Ordinal = group.Ordinal,
            Prompt = group.Prompt,
            Round = group.Round,
            Slot = slot,
            PolicyVersion = group.PolicyVersion,
            OldestVersion = scored.Tokens.Select(token => token.PolicyVersion).DefaultIfEmpty(group.PolicyVersion).Min(),
            NewestVersion = scored.Tokens.Select(token => token.PolicyVersion).DefaultIfEmpty(group.PolicyVersion).Max(),
            Correct = scored.Unscorable is null ? scored.Verdict.Correct : null,
            Truncated = scored.Truncated,
            Extracted = scored.Verdict.Extracted,
            Reason = scored.Verdict.Reason,
            Unscorable = scored.Unscorable,
            Length = scored.Tokens.Count,
            ReasoningSteps = statistics.StepCount,
            Reward = scored.Payment.Reward,
            CorrectnessReward = scored.Payment.CorrectnessTerm,
            TrendReward = scored.Payment.TrendTerm,
            Trend = statistics.Trend,
            Variation = statistics.Variation,
            Advantage = advantage,
            Tokens = [.. scored.Tokens.Select(token => token.Id)],
            LogProbs = [.. logProbs],
            LearnerLogProbs = gaps?.Values.Count == logProbs.Length ? [.. gaps.LearnerLogProbs(logProbs)] : null,
            Entropies = [.. scored.Tokens.Select(token => token.Entropy)],
            StepEntropies = [.. graded.StepsFor(preset)],
            Text = string.Concat(scored.Tokens.Select(token => token.Text)),
        };
    }
}
