using System.Text.Json;

namespace Etr.Core.Tests;

/// <summary>Vectors kept beside the repository. Tests that read them skip where they are absent.</summary>
internal static class SharedData
{
    public static string Require(string fileName)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "data", fileName);
            if (File.Exists(path))
                return path;
        }

        Assert.Skip($"shared/data/{fileName} is not beside the repository.");
        return "";
    }

    public static JsonElement RequireJson(string fileName)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Require(fileName)));
        return document.RootElement.Clone();
    }

    public static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}
