using System.Collections;
using System.Text.Json;

namespace Etr.Silo.Configuration;

/// <summary>One source of settings.</summary>
/// <param name="Source">What to call it when something in it is wrong.</param>
/// <param name="Values">Key and value as text, in order.</param>
internal sealed record SettingLayer(string Source, IReadOnlyList<KeyValuePair<string, string?>> Values)
{
    private const int LargestFile = 1 << 20;
    private const int DeepestNesting = 16;

    /// <summary>Reads a configuration file: JSON, comments and trailing commas allowed.</summary>
    /// <exception cref="ConfigurationException">It is missing, too large, or not a JSON object.</exception>
    public static SettingLayer FromFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new ConfigurationException([$"configuration file {path} does not exist"]);
        if (file.Length > LargestFile)
            throw new ConfigurationException([$"configuration file {path} has {file.Length} bytes; at most {LargestFile} are read"]);
        try
        {
            var options = new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
                MaxDepth = DeepestNesting,
            };
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ConfigurationException([$"configuration file {path}: expected an object, found {document.RootElement.ValueKind}"]);
            var values = new List<KeyValuePair<string, string?>>();
            Flatten(document.RootElement, "", values);
            return new SettingLayer(path, values);
        }
        catch (JsonException e)
        {
            throw new ConfigurationException([$"configuration file {path}, line {e.LineNumber + 1}: not JSON ({e.Message.Split(". Path")[0].TrimEnd('.')})"]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"configuration file {path} cannot be read: {e.Message}"]);
        }
    }

    /// <summary>Takes the variables named <c>Etr__Section__Key</c>.</summary>
    public static SettingLayer FromEnvironment(IDictionary variables)
    {
        var values = new List<KeyValuePair<string, string?>>();
        foreach (DictionaryEntry entry in variables)
        {
            string name = (string)entry.Key;
            if (name.StartsWith(SettingSchema.Root + "__", StringComparison.OrdinalIgnoreCase))
                values.Add(new(name.Replace("__", ":", StringComparison.Ordinal), (string?)entry.Value));
        }

        values.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
        return new SettingLayer("the environment", values);
    }

    /// <summary>Reads <c>key=value</c> pairs.</summary>
    /// <exception cref="ConfigurationException">Some have no equals sign.</exception>
    public static SettingLayer FromAssignments(IEnumerable<string> assignments)
    {
        var values = new List<KeyValuePair<string, string?>>();
        var problems = new List<string>();
        foreach (string assignment in assignments)
        {
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                problems.Add($"--set {assignment}: expected KEY=VALUE, such as --set {SettingSchema.Root}:Run:Steps=20");
            else
                values.Add(new(assignment[..equals].Trim(), assignment[(equals + 1)..]));
        }

        return problems.Count == 0 ? new SettingLayer("--set", values) : throw new ConfigurationException(problems);
    }

    private static void Flatten(JsonElement element, string path, List<KeyValuePair<string, string?>> values)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    if (path.Length > 0 || property.Name != "$schema")
                        Flatten(property.Value, path.Length == 0 ? property.Name : $"{path}:{property.Name}", values);
                }

                break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement item in element.EnumerateArray())
                    Flatten(item, $"{path}:{index++}", values);
                break;
            case JsonValueKind.Null:
                values.Add(new(path, null));
                break;
            default:
                values.Add(new(path, element.ToString()));
                break;
        }
    }
}
