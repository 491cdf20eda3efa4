using System.Globalization;
using Etr.Silo.Cli;

namespace Etr.Silo.Store;

/// <summary>The directory that holds the cluster's store and, beside it, the runs.</summary>
internal sealed class DataDirectory
{
    /// <summary>Free bytes below which nothing is started: a run writes checkpoints, and a full disk stops the store.</summary>
    public const long LeastFreeBytes = 512L << 20;

    private DataDirectory(string root) => Root = root;

    /// <summary>The directory itself, absolute.</summary>
    public string Root { get; }

    /// <summary>The embedded store's files.</summary>
    public string Store => Path.Combine(Root, "store");

    /// <summary>Everything of one run.</summary>
    public string Run(string run) => Path.Combine(Root, "runs", run);

    /// <summary>Names of the runs that have a directory, newest name first.</summary>
    public IReadOnlyList<string> Runs()
    {
        string runs = Path.Combine(Root, "runs");
        return Directory.Exists(runs)
            ? [.. Directory.EnumerateDirectories(runs).Select(d => Path.GetFileName(d)).OrderDescending(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>Makes the directory where it is missing, and checks that it can be written and has room.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="leastFreeBytes">Room it must have.</param>
    /// <exception cref="CommandFailure">It can't, or it has none.</exception>
    public static DataDirectory Open(string path, long leastFreeBytes = LeastFreeBytes)
    {
        var data = new DataDirectory(Path.GetFullPath(path));
        try
        {
            Directory.CreateDirectory(data.Store);
            Directory.CreateDirectory(Path.Combine(data.Root, "runs"));
            string probe = Path.Combine(data.Store, $".probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, [1]);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(
                $"the data directory {data.Root} cannot be written ({e.Message.TrimEnd('.')}): change its permissions, or name another with --set Etr:Data=DIR", inner: e);
        }

        long free = new DriveInfo(data.Root).AvailableFreeSpace;
        if (free < leastFreeBytes)
        {
            throw new CommandFailure(
                $"there are {free >> 20} MiB free for the data directory {data.Root} and at least {leastFreeBytes >> 20} are needed: make room, or name another with --set Etr:Data=DIR");
        }

        return data;
    }

    /// <summary>Opens a directory that must exist already.</summary>
    /// <exception cref="CommandFailure">There is none.</exception>
    public static DataDirectory Existing(string path)
    {
        if (!Directory.Exists(Path.Combine(path, "store")))
            throw new CommandFailure($"there is no data directory at {Path.GetFullPath(path)}: name one with --set Etr:Data=DIR");
        return new DataDirectory(Path.GetFullPath(path));
    }

    /// <summary>Holds the directory for this process, until the returned value is disposed or the process dies.</summary>
    /// <exception cref="CommandFailure">Another process holds it.</exception>
    public FileStream Hold() =>
        TryHold() ?? throw new CommandFailure(
            $"another etr is at work in {Root}{Holder()}: wait for it, stop it, or name another directory with --set Etr:Data=DIR");

    /// <summary>As <see cref="Hold"/>; null where another process holds it.</summary>
    public FileStream? TryHold() => TryHold(Store);

    /// <summary>Holds one directory; null where another process does.</summary>
    public static FileStream? TryHold(string directory)
    {
        try
        {
            var file = new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(Path.Combine(directory, "holder"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return file;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private string Holder()
    {
        string file = Path.Combine(Store, "holder");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out int id) ? $" (process {id})" : "";
    }
}
