using System.Reflection;
using Etr.Core.Runs;

namespace Etr.Silo.Configuration;

/// <summary>Every key there is, read off the records that receive the values.</summary>
internal static class SettingSchema
{
    /// <summary>The first part of every key.</summary>
    public const string Root = "Etr";

    /// <summary>Entries of a list of sections: <c>…:0:…</c> to <c>…:7:…</c>, all of which are there, and empty where nobody names them.</summary>
    public const int MostEntries = 8;

    /// <summary>Keys that decide what a run computes; stored with it.</summary>
    public static IReadOnlyList<Setting> Run { get; } = [.. Walk(typeof(RunConfiguration))];

    /// <summary>Keys that say where it is hosted.</summary>
    public static IReadOnlyList<Setting> Host { get; } = [.. Walk(typeof(HostSettings))];

    /// <summary>Looks a key up, in any case.</summary>
    public static Setting? Find(string key) =>
        Run.Concat(Host).FirstOrDefault(s => string.Equals(s.Key, key, StringComparison.OrdinalIgnoreCase));

    /// <summary>The key that a person who wrote <paramref name="key"/> may have meant; null where none is near.</summary>
    public static string? Nearest(string key)
    {
        string wanted = key.ToUpperInvariant();
        (string? best, int distance) = Run.Concat(Host)
            .Select(s => (s.Key, Distance: Distance(wanted, s.Key.ToUpperInvariant())))
            .Append((Key: null!, Distance: int.MaxValue))
            .MinBy(candidate => candidate.Distance);
        return distance <= Math.Max(3, key.Length / 3) ? best : null;
    }

    private static IEnumerable<Setting> Walk(Type type, string prefix = Root, params SettingSection[] sections)
    {
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            string key = $"{prefix}:{property.Name}";
            if (property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            {
                for (int entry = 0; entry < MostEntries; entry++)
                {
                    foreach (Setting leaf in Walk(property.PropertyType.GetGenericArguments()[0], $"{key}:{entry}", [.. sections, new(property, entry)]))
                        yield return leaf;
                }
            }
            else if (property.PropertyType.Namespace == "System")
            {
                yield return new Setting(key, sections, property);
            }
            else
            {
                foreach (Setting leaf in Walk(property.PropertyType, key, [.. sections, new(property)]))
                    yield return leaf;
            }
        }
    }

    // Levenshtein, one row at a time.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[b.Length];
    }
}
