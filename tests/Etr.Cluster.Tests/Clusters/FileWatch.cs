namespace Etr.Cluster.Tests.Clusters;

/// <summary>Waits for a file to be there, told by the operating system.</summary>
internal static class FileWatch
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Waits for a file of an exact name.</summary>
    public static Task FileAsync(string directory, string name, Func<string>? explain = null) =>
        AnyAsync(directory, found => found == name, explain ?? (() => $"{name} has not come into {directory}"));

    /// <summary>Waits for a file that was not there before, final or not.</summary>
    public static Task NewFileAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        HashSet<string> before = [.. Directory.EnumerateFiles(directory).Select(file => Path.GetFileName(file))];
        return AnyAsync(directory, found => !before.Contains(found), () => $"nothing new has come into {directory}");
    }

    private static async Task AnyAsync(string directory, Func<string, bool> wanted, Func<string> explain)
    {
        Directory.CreateDirectory(directory);
        var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(directory) { NotifyFilter = NotifyFilters.FileName };
        watcher.Created += (_, e) => Look(e.Name!);
        watcher.Renamed += (_, e) => Look(e.Name!);
        watcher.EnableRaisingEvents = true;

        // What came before the watch began.
        foreach (string file in Directory.EnumerateFiles(directory))
            Look(Path.GetFileName(file));
        try
        {
            await found.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"within {Patience.TotalSeconds:0} s {explain()}");
        }

        void Look(string name)
        {
            if (wanted(name))
                found.TrySetResult();
        }
    }
}
