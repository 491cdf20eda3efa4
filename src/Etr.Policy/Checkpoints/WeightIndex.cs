using System.Text.Json;

namespace Etr.Policy.Checkpoints;

/// <summary>Reads the index of sharded weights, <c>model.safetensors.index.json</c>: which file beside it holds which tensor.</summary>
internal static class WeightIndex
{
    private const int Longest = 25_000_000;

    /// <summary>What an index's name ends in.</summary>
    public const string Extension = ".index.json";

    /// <summary>Tensor → file name; each a plain name of a safetensors file in the index's own folder.</summary>
    /// <exception cref="CheckpointException">The file is missing, too large, no JSON, or not an index.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length > Longest)
                throw new CheckpointException(path, null, $"at most {Longest} bytes", $"{stream.Length}");
            using JsonDocument document = JsonDocument.Parse(stream, new JsonDocumentOptions { MaxDepth = 8 });
            return Read(path, document.RootElement);
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, null, "valid JSON", e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable index of weights", e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message, e);
        }
    }

    private static Dictionary<string, string> Read(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(path, "weight_map", "an object of tensor names and file names", "none");
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in map.EnumerateObject())
        {
            string? file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;
            if (file is null || file != Path.GetFileName(file) || !file.EndsWith(".safetensors", StringComparison.Ordinal))
                throw new CheckpointException(path, property.Name, "the name of a safetensors file in the same folder", property.Value.GetRawText());
            if (!files.TryAdd(property.Name, file))
                throw new CheckpointException(path, property.Name, "each tensor once", "a second entry of this name");
        }

        return files;
    }
}
