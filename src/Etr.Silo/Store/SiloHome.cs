namespace Etr.Silo.Store;

/// <summary>
/// Where one silo keeps what is its own: its ports, and files fetched from others. The silo that hosts the store has the
/// store's directory, any other the first free <c>silos/{n}</c>. Held until disposed or the process dies.
/// </summary>
internal sealed class SiloHome : IAsyncDisposable
{
    private const int MostSilos = 256;
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(2);
    private readonly FileStream _lock;

    private SiloHome(string root, FileStream held) => (Root, _lock) = (root, held);

    /// <summary>The directory, absolute.</summary>
    public string Root { get; }

    /// <summary>Policies fetched from other silos.</summary>
    public string Policies => Path.Combine(Root, "policies");

    /// <summary>Data files of runs, fetched from other silos.</summary>
    public string Data => Path.Combine(Root, "data");

    /// <summary>Bodies of groups that were sealed here and whose run's directory is elsewhere.</summary>
    public string Groups => Path.Combine(Root, "groups");

    /// <summary>Holds the home of a silo.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="hostsStore">Whether the silo hosts the store.</param>
    /// <exception cref="Cli.CommandFailure">Another process hosts the store of this directory, or 256 silos run in it.</exception>
    public static SiloHome Hold(DataDirectory data, bool hostsStore)
    {
        if (hostsStore)
            return new SiloHome(data.Store, data.Hold()).Sweep();
        for (int n = 1; n <= MostSilos; n++)
        {
            string root = Path.Combine(data.Root, "silos", n.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Directory.CreateDirectory(root);
            if (DataDirectory.TryHold(root) is { } held)
                return new SiloHome(root, held).Sweep();
        }

        throw new Cli.CommandFailure($"{MostSilos} silos run in {data.Root}: name another directory with --set Etr:Data=DIR");
    }

    // Bodies kept for others whose groups ended while this silo was away: nobody asks for one after so long.
    private SiloHome Sweep()
    {
        if (!Directory.Exists(Groups))
            return this;
        foreach (string body in Directory.EnumerateFiles(Groups, "*", SearchOption.AllDirectories).Where(IsOld))
            File.Delete(body);
        return this;
    }

    private static bool IsOld(string path) => File.GetLastWriteTimeUtc(path) < DateTime.UtcNow - LongestKept;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _lock.DisposeAsync();
}
