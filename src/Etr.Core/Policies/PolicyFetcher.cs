namespace Etr.Core.Policies;

/// <summary>
/// A cache of policy versions, <c>{cache}/{sha256 of the weights, or of the adapters}/</c>, and the way into it: only parts that no version here has
/// are fetched, each is checked by its hash, and an interrupted fetch goes on where it stopped. Safe to use from many threads;
/// a cache belongs to one process.
/// </summary>
public sealed class PolicyFetcher
{
    /// <summary>Most bytes asked of a source at once: 8 MiB.</summary>
    public const long LargestRequest = 8 << 20;

    // Beyond those that slots still use: the versions whose tensors the next one most likely shares.
    private const int NewestOthers = 2;
    private const string Discarded = ".old";

    private readonly string _cache;
    private readonly long _maximumBytes;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Flight> _flights = [];

    // Versions whose files were hashed since this process began: a disk can spoil between two runs of a program.
    private readonly Dictionary<string, PolicyManifest> _verified = [];

    /// <summary>Opens a cache.</summary>
    /// <param name="cache">Its directory; made where it is missing.</param>
    /// <param name="maximumBytes">Most bytes of one version; larger ones are refused before anything is written.</param>
    public PolicyFetcher(string cache, long maximumBytes = 1L << 40)
    {
        ArgumentException.ThrowIfNullOrEmpty(cache);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumBytes);
        (_cache, _maximumBytes) = (Path.GetFullPath(cache), maximumBytes);
    }

    /// <summary>
    /// Makes a version complete in the cache, checked by hash. Callers of the same version share one fetch, which goes on while
    /// one of them still waits.
    /// </summary>
    /// <param name="sha256">SHA-256 of the weights that were promised, in lower-case hexadecimal.</param>
    /// <param name="source">Where the version can be had.</param>
    /// <param name="cancellationToken">Ends the wait; what came so far is kept for the next fetch.</param>
    /// <exception cref="ArgumentException">The hash is none.</exception>
    /// <exception cref="InvalidDataException">The manifest is malformed, too large or another version's, or the source twice sent bytes that are not what it says.</exception>
    /// <exception cref="IOException">The source or the disk failed; nothing is left under a final name that is not right.</exception>
    public async Task<FetchedPolicy> FetchAsync(string sha256, IPolicySource source, CancellationToken cancellationToken)
    {
        CheckHash(sha256);
        ArgumentNullException.ThrowIfNull(source);
        Flight flight = Board(sha256, source);
        try
        {
            return await flight.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(flight);
        }
    }

    /// <summary>Hashes a version's files again and deletes it where one is wrong, as whoever could not load it should ask.</summary>
    /// <returns>Whether it was wrong. A version that is not complete is not there to be wrong.</returns>
    /// <exception cref="IOException">A file cannot be read or deleted.</exception>
    public async Task<bool> RefuseAsync(string sha256, CancellationToken cancellationToken)
    {
        CheckHash(sha256);
        lock (_lock)
            _ = _verified.Remove(sha256);
        string folder = Path.Combine(_cache, sha256);
        bool right;
        try
        {
            if (await PolicyManifestJson.ReadFileAsync(Path.Combine(folder, PolicyManifest.FileName), cancellationToken) is not { } manifest)
                return false;
            right = await Task.Run(
                () => manifest.Policy.Sha256 == sha256
                    && manifest.Files.All(file => PartHashes.OfFile(Path.Combine(folder, file.Name), file.Bytes, cancellationToken) == file.Sha256),
                cancellationToken);
        }
        catch (InvalidDataException)
        {
            right = false;
        }

        if (right)
            return false;

        // Files may be shared with other versions, whose word then counts for nothing either.
        lock (_lock)
            _verified.Clear();
        Discard(sha256);
        return true;
    }

    /// <summary>Deletes versions, but for those named, the two newest others, and those being fetched.</summary>
    /// <param name="keep">SHA-256 of the weights of the versions that a slot or an engine still uses.</param>
    /// <exception cref="IOException">Something cannot be deleted; calling again goes on.</exception>
    public void Collect(IReadOnlyCollection<string> keep)
    {
        ArgumentNullException.ThrowIfNull(keep);
        if (!Directory.Exists(_cache))
            return;
        string[] names = [.. Directory.GetDirectories(_cache).Select(folder => Path.GetFileName(folder))];
        IEnumerable<string> others = names.Where(name => ManifestRules.IsHash(name) && !keep.Contains(name));
        foreach (string name in others.OrderByDescending(WrittenAt).ThenBy(name => name, StringComparer.Ordinal).Skip(NewestOthers))
            Discard(name);

        // Left by a process that ended while it deleted.
        foreach (string name in names.Where(name => name.EndsWith(Discarded, StringComparison.Ordinal)))
            Directory.Delete(Path.Combine(_cache, name), recursive: true);
    }

    private static void CheckHash(string sha256, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(sha256))] string? name = null)
    {
        if (!ManifestRules.IsHash(sha256))
            throw new ArgumentException("A SHA-256 of 64 lower-case hexadecimal digits is expected.", name);
    }

    private DateTime WrittenAt(string name)
    {
        string manifest = Path.Combine(_cache, name, PolicyManifest.FileName);
        return File.Exists(manifest) ? File.GetLastWriteTimeUtc(manifest) : Directory.GetLastWriteTimeUtc(Path.Combine(_cache, name));
    }

    private void Discard(string sha256)
    {
        string aside = Path.Combine(_cache, $".{Guid.NewGuid():N}{Discarded}");
        lock (_lock)
        {
            // One under way checks its files itself.
            if (_flights.ContainsKey(sha256))
                return;
            _ = _verified.Remove(sha256);

            // Away at once, so that a fetch that begins now begins in an empty folder.
            Directory.Move(Path.Combine(_cache, sha256), aside);
        }

        Directory.Delete(aside, recursive: true);
    }

    private Flight Board(string sha256, IPolicySource source)
    {
        lock (_lock)
        {
            Flight? before = _flights.GetValueOrDefault(sha256);
            if (before is { Waiting: > 0 })
            {
                before.Waiting++;
                return before;
            }

            // One that everybody has left may still write: the new one begins after it.
            var flight = new Flight(sha256);
            _flights[sha256] = flight;
            flight.Task = Task.Run(() => FlyAsync(flight, before, source), CancellationToken.None);
            return flight;
        }
    }

    private void Leave(Flight flight)
    {
        bool last;
        lock (_lock)
            last = --flight.Waiting == 0;

        // Outside the lock: what is cancelled may run on from here.
        if (last)
            flight.Stop.Cancel();
    }

    private async Task<FetchedPolicy> FlyAsync(Flight flight, Flight? before, IPolicySource source)
    {
        try
        {
            if (before is not null)
                await ((Task)before.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return await FetchAsync(flight.Sha256, source, flight.Stop);
        }
        finally
        {
            lock (_lock)
            {
                if (_flights.GetValueOrDefault(flight.Sha256) == flight)
                    _ = _flights.Remove(flight.Sha256);
            }
        }
    }

    private async Task<FetchedPolicy> FetchAsync(string sha256, IPolicySource source, CancellationTokenSource stop)
    {
        CancellationToken cancellationToken = stop.Token;
        PolicyManifest manifest = (await source.ManifestAsync(cancellationToken)).Validate();
        if (manifest.Policy.Sha256 != sha256)
            throw new InvalidDataException($"policy manifest of version {manifest.Version}: expected weights of SHA-256 {sha256}, found {manifest.Policy.Sha256}");
        if (manifest.Bytes > _maximumBytes)
            throw new InvalidDataException($"policy manifest of version {manifest.Version}: expected at most {_maximumBytes} bytes in all, found {manifest.Bytes}");
        string folder = Path.Combine(_cache, sha256);
        if (IsReady(manifest, folder))
            return new FetchedPolicy(folder, manifest, 0, manifest.Bytes);

        Directory.CreateDirectory(_cache);
        PartDonors donors = await PartDonors.InAsync(_cache, sha256, Verified, cancellationToken);
        FetchedPolicy fetched = await new PolicyAssembly(folder, manifest, source, donors).RunAsync(cancellationToken);
        lock (_lock)
            _verified[sha256] = manifest;
        return fetched;
    }

    /// <summary>The manifest of a version that this process has checked; null where it has not.</summary>
    private PolicyManifest? Verified(string sha256)
    {
        lock (_lock)
            return _verified.GetValueOrDefault(sha256);
    }

    /// <summary>Whether this process has checked these very files and they still have their lengths.</summary>
    private bool IsReady(PolicyManifest manifest, string folder)
    {
        PolicyManifest? verified;
        lock (_lock)
            verified = _verified.GetValueOrDefault(manifest.Policy.Sha256);
        return verified is not null
            && File.Exists(Path.Combine(folder, PolicyManifest.FileName))
            && verified.Files.Count == manifest.Files.Count
            && manifest.Files.All(file => verified.Find(file.Name)?.Sha256 == file.Sha256
                && new FileInfo(Path.Combine(folder, file.Name)) is { Exists: true } found && found.Length == file.Bytes);
    }

    /// <summary>One fetch and how many wait for it.</summary>
    private sealed class Flight(string sha256)
    {
        public string Sha256 { get; } = sha256;

        public CancellationTokenSource Stop { get; } = new();

        public int Waiting { get; set; } = 1;

        public Task<FetchedPolicy> Task { get; set; } = null!;
    }
}

/// <summary>A version that is complete in the cache.</summary>
/// <param name="Folder">Its folder, a model's: <c>config.json</c>, <c>tokenizer.json</c>, <c>model.safetensors</c>.</param>
/// <param name="Manifest">What it is made of.</param>
/// <param name="BytesFetched">Bytes that came from the source, those asked for twice counted twice.</param>
/// <param name="BytesReused">Bytes that were here: in the version's own folder, or copied from another version.</param>
public sealed record FetchedPolicy(string Folder, PolicyManifest Manifest, long BytesFetched, long BytesReused);
