using System.Globalization;
using System.Text.Json;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Silo.Cli;
using Etr.Silo.Training;

namespace Etr.Silo.Inspection;

/// <summary>What <c>etr inspect</c> says of a model. The JSON's member names are an interface.</summary>
/// <param name="Folder">The model's folder.</param>
/// <param name="Model">What its files hold.</param>
/// <param name="Batch">Sequences that are drawn at once.</param>
/// <param name="Length">Tokens of each.</param>
/// <param name="Engine">The engine that would draw.</param>
/// <param name="LoraRank">Rank of the adapters that would be trained; 0 for the whole weights.</param>
/// <param name="Rollout">Memory of drawing.</param>
/// <param name="Training">Memory of training.</param>
internal sealed record ModelInspection(
    string Folder, ModelDescription Model, int Batch, int Length, string Engine, int LoraRank, MemoryPlan Rollout, MemoryPlan Training)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private string Architecture => Model.Config.Architecture.ToString().ToLowerInvariant();

    /// <summary>Writes it for people.</summary>
    public void Print(Terminal terminal)
    {
        ModelConfig config = Model.Config;
        terminal.Line($"model        {Folder}");
        terminal.Line($"architecture {Architecture}{(config.RopeScaling is { } scaling ? Invariant($", rope scaling llama3 × {scaling.Factor}") : "")}{(config.TiedHead ? ", tied head" : "")}");
        terminal.Line(Invariant($"shape        {config.Layers} layers of {config.HiddenSize}, {config.Heads} heads on {config.KeyValueHeads}, head {config.HeadSize}, feed-forward {config.IntermediateSize}, vocabulary {config.VocabularySize}, context {config.ContextLength}"));
        terminal.Line(Invariant($"parameters   {Model.Parameters} in {Model.Tensors} tensors, {string.Join(", ", Model.Types)}, {RunMemory.Size(Model.Bytes)} in {Model.Files.Count} {(Model.Files.Count == 1 ? "file" : "files")}"));
        terminal.Line(Invariant($"drawing      {Batch} × {Length} tokens, engine {Engine}: {RunMemory.Text(Rollout)}"));
        terminal.Line(Invariant($"training     {(LoraRank > 0 ? $"adapters of rank {LoraRank}" : "whole weights")}: {RunMemory.Text(Training)}"));
    }

    /// <summary>Writes it for programs.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            folder = Folder,
            architecture = Architecture,
            parameters = Model.Parameters,
            tensors = Model.Tensors,
            dtypes = Model.Types,
            bytes = Model.Bytes,
            files = Model.Files.Select(Path.GetFileName),
            layers = Model.Config.Layers,
            hiddenSize = Model.Config.HiddenSize,
            vocabulary = Model.Config.VocabularySize,
            contextLength = Model.Config.ContextLength,
            memory = new { batch = Batch, length = Length, engine = Engine, loraRank = LoraRank, rollout = Of(Rollout), training = Of(Training) },
        },
        Indented);

    private static object Of(MemoryPlan plan) => new { bytes = plan.Bytes, uses = plan.Uses.ToDictionary(use => use.Name, use => use.Bytes) };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
