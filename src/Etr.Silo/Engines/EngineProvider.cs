using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Samplers;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Tokenizers.Chat;
using Etr.Silo.RemoteSamplers;

namespace Etr.Silo.Engines;

/// <summary>
/// This process's rollout engines: one for each device, kind and model that is drawn with, made when it is first asked for and
/// shared by samplers and evaluation. Until then no libtorch is loaded.
/// </summary>
/// <param name="devices">The devices.</param>
/// <param name="policy">Slots and threads of an engine.</param>
/// <param name="clock">Told when an engine is busy.</param>
/// <param name="lowPriority">Whether engines leave room for a cluster's probes.</param>
/// <param name="remote">Servers that draw too; null where there are none.</param>
/// <param name="draws">Whether samplers draw on <paramref name="devices"/>; else they are there for evaluations alone.</param>
internal sealed class EngineProvider(
    IReadOnlyList<DeviceSpec> devices, PolicyOptions policy, EngineClock clock, bool lowPriority, RemoteSamplerSet? remote = null, bool draws = true)
    : IRolloutEngineProvider, IAsyncDisposable
{
    private const long LargestFile = 64 << 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Device, string Kind, string Model), Lazy<IRolloutEngine>> _engines = [];

    /// <inheritdoc/>
    public IReadOnlyList<string> Devices { get; } = [.. devices.Where(_ => draws).Select(device => device.Name), .. remote?.Names ?? []];

    /// <summary>The device of this machine that evaluations are drawn on, whoever draws the groups.</summary>
    public string OwnDevice => devices[0].Name;

    /// <inheritdoc/>
    public int CapacityOf(string device) => remote?.Has(device) is true ? remote.CapacityOf(device) : MemoryOf(device).Slots;

    /// <inheritdoc/>
    public EngineMemory MemoryOf(string device)
    {
        EngineMemory[] engines;
        lock (_lock)
            engines = [.. _engines.Where(engine => engine.Key.Device == device && engine.Value.IsValueCreated).Select(engine => engine.Value.Value.Memory)];
        // The tightest of them: leases are granted to a device, whichever engine draws them.
        long[] bounds = [.. engines.Select(engine => engine.CacheTokens).Where(tokens => tokens > 0)];
        return new EngineMemory(
            engines.Sum(engine => engine.Halvings), engines.Select(engine => engine.Slots).Append(policy.Slots).Min(), bounds.DefaultIfEmpty(0).Min(), engines.Sum(engine => engine.GaveWay));
    }

    /// <inheritdoc/>
    public string StateOf(string device) => remote?.Has(device) is true ? remote.StateOf(device) : "";

    /// <inheritdoc/>
    public async ValueTask<IRolloutEngine> OpenAsync(string device, string kind, string modelFolder, CancellationToken cancellationToken)
    {
        bool elsewhere = remote?.Has(device) is true;
        DeviceSpec? spec = elsewhere ? null : devices.FirstOrDefault(known => known.Name == device)
            ?? throw new ArgumentException($"This process has the devices {string.Join(", ", Devices)}, not {device}.", nameof(device));
        (string, string, string) key = (device, kind, await FingerprintAsync(modelFolder, cancellationToken));
        Lazy<IRolloutEngine> engine;
        lock (_lock)
        {
            if (!_engines.TryGetValue(key, out engine!))
            {
                PolicyOptions options = policy.WithEngineKind(kind) with { Path = modelFolder };
                _engines[key] = engine = new Lazy<IRolloutEngine>(() => spec is null
                    ? remote!.Create(device, modelFolder, options.Template)
                    : RolloutEngines.Create(options with { Device = spec.Device, Threads = spec.Threads > 0 ? spec.Threads : policy.Threads }, clock, lowPriority));
            }
        }

        return engine.Value;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Lazy<IRolloutEngine> engine in _engines.Values.Where(engine => engine.IsValueCreated))
            await engine.Value.DisposeAsync();
    }

    // An engine reads a model's shape and tokenizer once; versions of one policy share both.
    private static async Task<string> FingerprintAsync(string folder, CancellationToken cancellationToken)
    {
        var hashes = new List<string>();
        foreach (string name in (string[])[ModelFiles.Config, ModelFiles.Tokenizer, ChatConfig.FileName, ChatConfig.TemplateFileName])
        {
            var file = new FileInfo(Path.Combine(folder, name));
            if (!file.Exists && name is ChatConfig.FileName or ChatConfig.TemplateFileName)
            {
                hashes.Add("");
                continue;
            }

            if (!file.Exists || file.Length > LargestFile)
                throw new InvalidDataException($"{file.FullName} is missing or larger than {LargestFile >> 20} MiB.");
            hashes.Add(await StartingPolicy.Sha256Async(file.FullName, cancellationToken));
        }

        return string.Join('-', hashes);
    }
}
