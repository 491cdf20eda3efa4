using System.Text.Json;

namespace Etr.Dashboard.Runs;

/// <summary>One setting over several runs.</summary>
/// <param name="Path">Its path, such as <c>Reward:Shaper</c>.</param>
/// <param name="Values">Its value in each run; null where it has none.</param>
internal sealed record SettingRow(string Path, IReadOnlyList<string?> Values)
{
    /// <summary>Whether the runs differ in it.</summary>
    public bool Differs => Values.Distinct().Count() > 1;
}

/// <summary>Lays configurations side by side, setting by setting.</summary>
internal static class ConfigurationDiff
{
    private const int MostSettings = 2_000;
    private const int LongestValue = 400;

    /// <summary>Every setting of some configurations in the order in which it first appears.</summary>
    /// <param name="configurations">JSON objects.</param>
    public static IReadOnlyList<SettingRow> Of(IReadOnlyList<string> configurations)
    {
        var read = configurations.Select(Flatten).ToArray();
        return [.. read.SelectMany(settings => settings.Keys).Distinct().Select(path => new SettingRow(path, [.. read.Select(settings => settings.GetValueOrDefault(path))]))];
    }

    private static Dictionary<string, string> Flatten(string json)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(json);
            Add(settings, "", document.RootElement);
        }
        catch (JsonException)
        {
            settings["(configuration)"] = "cannot be read";
        }

        return settings;
    }

    private static void Add(Dictionary<string, string> settings, string path, JsonElement value)
    {
        if (settings.Count >= MostSettings)
            return;
        if (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any())
        {
            foreach (var member in value.EnumerateObject())
                Add(settings, path.Length == 0 ? member.Name : $"{path}:{member.Name}", member.Value);
            return;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        settings[path] = text.Length <= LongestValue ? text : text[..LongestValue] + "…";
    }
}
