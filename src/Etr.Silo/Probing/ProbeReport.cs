using System.Text.Json;
using Etr.Core.Evaluation;
using Etr.Core.Files;
using Etr.Core.Probing;

namespace Etr.Silo.Probing;

/// <summary>What a probe found: the policy as it is, and what each reward would pay for on it.</summary>
/// <param name="Model">The policy's folder.</param>
/// <param name="Prompts">The prompt set.</param>
/// <param name="Base">The policy as it is.</param>
/// <param name="Rewards">Each reward over all groups.</param>
/// <param name="ByCategory">Each reward over the groups of a category; empty where prompts have none.</param>
internal sealed record ProbeReport(
    string Model, string Prompts, EvaluationResult Base, IReadOnlyList<RewardProbe> Rewards, IReadOnlyDictionary<string, IReadOnlyList<RewardProbe>> ByCategory)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes it as JSON, whole or not at all.</summary>
    public Task WriteAsync(string path, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(path, JsonSerializer.SerializeToUtf8Bytes(this, Options), cancellationToken);
}
