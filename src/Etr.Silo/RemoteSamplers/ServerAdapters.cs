using System.Text.Json;
using Etr.Core.Policies;
using Etr.Core.Rollouts;

namespace Etr.Silo.RemoteSamplers;

/// <summary>
/// The adapters that a server has loaded: a policy version's is loaded when it is first drawn with, under a name made of its hash, and
/// unloaded when newer ones take its place and nothing draws with it any more.
/// </summary>
internal sealed class ServerAdapters(RemoteServer server, ServerClient client) : IDisposable
{
    // In nothing but the name do servers differ from hash to hash.
    private const int NameLength = 16;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly List<Loaded> _loaded = [];

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <summary>The model's name for a policy version; dispose when nothing is drawn with it any more.</summary>
    /// <exception cref="ServerException">The server did not load it, or it is a version that cannot be loaded into one.</exception>
    public async Task<Use> UseAsync(PolicyRef policy, CancellationToken cancellationToken)
    {
        if (server.IsEtr)
            return new Use($"sha256:{policy.Sha256}", null);
        if (Path.GetFileName(policy.File) != PolicyManifest.AdapterFile)
        {
            return policy.Version == 0
                ? new Use(server.Settings.Model, null)
                : throw new ServerException(
                    ServerFault.Refused, $"it cannot be given the whole weights of version {policy.Version}: train adapters (Etr:Training:Lora:Rank) where {server.Settings.Kind} draws");
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            Loaded? known = _loaded.Find(loaded => loaded.Sha256 == policy.Sha256);
            if (known is null)
            {
                known = new Loaded(policy.Sha256, $"etr-{policy.Sha256[..NameLength]}");
                await LoadAsync(known.Name, Path.GetDirectoryName(policy.File)!, cancellationToken);
                _loaded.Add(known);
                await UnloadAsync(cancellationToken);
            }

            Interlocked.Increment(ref known.Uses);
            return new Use(server.Settings.Kind == "sglang" ? $"{server.Settings.Model}:{known.Name}" : known.Name, () => Interlocked.Decrement(ref known.Uses));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The server does not know what it was told to load: it has been started again, and is told anew.</summary>
    public async Task ForgetAsync(PolicyRef policy)
    {
        await _one.WaitAsync();
        try
        {
            _loaded.RemoveAll(loaded => loaded.Sha256 == policy.Sha256);
        }
        finally
        {
            _one.Release();
        }
    }

    private string PathOf(string verb) => server.Settings.Kind == "sglang" ? $"{verb}_lora_adapter" : $"v1/{verb}_lora_adapter";

    private async Task LoadAsync(string name, string folder, CancellationToken cancellationToken)
    {
        try
        {
            await client.PostAsync(PathOf("load"), JsonSerializer.SerializeToUtf8Bytes(new { lora_name = name, lora_path = folder }), cancellationToken);
        }
        catch (ServerException e) when (e.BlamesPrompt)
        {
            // Its name is its content: one that is there already, from before this process started, is the one that is wanted.
            if (e.Message.Contains("already", StringComparison.OrdinalIgnoreCase))
                return;
            throw new ServerException(
                ServerFault.Refused, $"it does not load the adapter in {folder} ({e.Message}): the server must see that path, and vLLM must run with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True", e);
        }
    }

    private async Task UnloadAsync(CancellationToken cancellationToken)
    {
        foreach (Loaded old in _loaded.Take(Math.Max(0, _loaded.Count - server.Settings.Adapters)).Where(old => Volatile.Read(ref old.Uses) == 0).ToArray())
        {
            _loaded.Remove(old);
            try
            {
                await client.PostAsync(PathOf("unload"), JsonSerializer.SerializeToUtf8Bytes(new { lora_name = old.Name }), cancellationToken);
            }
            catch (ServerException)
            {
                // It has let go of it by itself, or will when it starts again; nothing draws with it here.
            }
        }
    }

    /// <summary>A model's name while something is drawn with it.</summary>
    internal sealed class Use(string model, Action? done) : IDisposable
    {
        /// <summary>The name.</summary>
        public string Model => model;

        /// <inheritdoc/>
        public void Dispose() => done?.Invoke();
    }

    private sealed class Loaded(string sha256, string name)
    {
        public int Uses;

        public string Sha256 => sha256;

        public string Name => name;
    }
}
