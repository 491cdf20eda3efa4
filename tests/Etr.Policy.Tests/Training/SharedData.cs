using System.Text.Json;

namespace Etr.Policy.Tests.Training;

/// <summary>Known answers that lie beside the repository, where they do.</summary>
internal static class SharedData
{
    public static JsonElement ReadOrSkip(string name)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "shared", "data", name);
            if (File.Exists(path))
                return JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        }

        Assert.Skip($"{name} is not beside this checkout (../shared/data)");
        return default;
    }
}
