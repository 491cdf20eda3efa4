using Etr.Core.Runs;

namespace Etr.Silo.Configuration;

/// <summary>Lays sources over one another, later ones over earlier ones, and binds the outcome.</summary>
internal static class SettingsReader
{
    /// <summary>Resolves settings.</summary>
    /// <param name="layers">Sources, weakest first.</param>
    /// <returns>Every setting, the unnamed ones at their default.</returns>
    /// <exception cref="ConfigurationException">Some key is unknown or some value is not allowed; it names all of them.</exception>
    public static EtrSettings Read(IEnumerable<SettingLayer> layers)
    {
        var problems = new List<string>();
        var values = new Dictionary<Setting, object?>();
        foreach (SettingLayer layer in layers)
        {
            foreach ((string key, string? text) in layer.Values)
            {
                Setting? setting = SettingSchema.Find(key);
                if (setting is null)
                    problems.Add(Unknown(key, layer.Source));
                else if (setting.TryRead(text, out object? value))
                    values[setting] = value;
                else
                    problems.Add($"{setting.Key} (from {layer.Source}): '{text}' is not allowed; expected {setting.Allowed}");
            }
        }

        if (problems.Count > 0)
            throw new ConfigurationException(problems);
        return new EtrSettings
        {
            Run = Bind(new RunConfiguration(), SettingSchema.Run, values),
            Host = Bind(new HostSettings(), SettingSchema.Host, values),
            Named = values.Keys.Select(s => s.Key).ToHashSet(StringComparer.Ordinal),
        };
    }

    private static string Unknown(string key, string source)
    {
        string hint = SettingSchema.Nearest(key) is { } near
            ? $"did you mean {near} ({SettingSchema.Find(near)!.Allowed})?"
            : "'etr train --dry-run' lists every key";
        return $"{key} (from {source}): no such setting; {hint}";
    }

    // The records are fresh and not shared yet, so setting their init-only members is what a constructor would do.
    private static T Bind<T>(T root, IReadOnlyList<Setting> schema, Dictionary<Setting, object?> values)
        where T : class
    {
        foreach (Setting setting in schema)
        {
            if (values.TryGetValue(setting, out object? value))
                setting.Set(root, value);
        }

        return root;
    }
}
