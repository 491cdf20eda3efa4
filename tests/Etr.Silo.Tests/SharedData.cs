namespace Etr.Silo.Tests;

/// <summary>Files that may lie beside the repository; tests that need one skip where it doesn't.</summary>
internal static class SharedData
{
    public static string PathOrSkip(string name)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "data", name);
            if (File.Exists(candidate))
                return candidate;
        }

        Assert.Skip($"shared/data/{name} is not beside the repository");
        return "";
    }
}
