using System.Text.Json;
using Etr.Core.Runs;

namespace Etr.Dashboard.Control;

/// <summary>A configuration as a person writes it on a page, made into what a run is started with.</summary>
internal static class ConfigurationText
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 };

    /// <summary>Reads it: a run's own object, or one under <c>Etr</c> as the files in <c>configs/</c> have it.</summary>
    /// <returns>The configuration's JSON.</returns>
    /// <exception cref="InvalidDataException">It is no configuration, or names code to load: a page is no place for that.</exception>
    public static string Read(string text)
    {
        string json;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Options);
            JsonElement root = document.RootElement;
            json = (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("Etr", out JsonElement inner) ? inner : root).GetRawText();
            json = RunConfigurationJson.Write(RunConfigurationJson.Read(Plain(json)));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"That is not JSON: {e.Message}", e);
        }

        RunConfiguration run = RunConfigurationJson.Read(json);
        if (run.Reward.Assembly.Length > 0 || run.Task.GraderAssembly.Length > 0)
            throw new InvalidDataException("A run that loads code of its own (Etr:Reward:Assembly, Etr:Task:GraderAssembly) is not started from a page: use 'etr run start'.");
        return json;
    }

    // The raw text still has its comments.
    private static string Plain(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json, Options);
        return JsonSerializer.Serialize(document.RootElement);
    }
}
