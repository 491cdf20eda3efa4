using System.Security.Cryptography;
using Etr.Core.Policies;

namespace Etr.Core.Tests.Policies;

/// <summary>A policy version in memory that notes what it is asked for, and fails or lies when told to.</summary>
internal sealed class MemorySource : IPolicySource
{
    private readonly Dictionary<string, byte[]> _files;
    private long _left = long.MaxValue;

    public MemorySource(PolicyManifest manifest, Dictionary<string, byte[]> files) => (Manifest, _files) = (manifest, files);

    public PolicyManifest Manifest { get; set; }

    public List<(string File, long Offset, long Count)> Requests { get; } = [];

    public long Asked => Requests.Sum(request => request.Count);

    /// <summary>How many bytes go out before the line breaks.</summary>
    public long BreaksAfter { set => _left = value; }

    /// <summary>How often the byte at a place goes out wrong.</summary>
    public (string File, long Offset, int Times) Lie { get; set; } = ("", 0, 0);

    /// <summary>How many bytes more than asked for go out.</summary>
    public int Extra { get; set; }

    /// <summary>What an answer waits for.</summary>
    public Func<CancellationToken, Task> Gate { get; set; } = _ => Task.CompletedTask;

    public int ManifestsAsked { get; private set; }

    /// <summary>A version of given contents; the weights are cut at the given lengths, named t0, t1, …</summary>
    public static MemorySource Of(long version, byte[] weights, params int[] lengths)
    {
        Dictionary<string, byte[]> files = new() { ["config.json"] = [1, 2, 3], ["tokenizer.json"] = [4, 5], ["model.safetensors"] = weights };
        int offset = 0;
        var parts = new List<ManifestPart>();
        foreach (int length in lengths)
        {
            parts.Add(new ManifestPart($"t{parts.Count}", offset, length, Hash(weights.AsSpan(offset, length))));
            offset += length;
        }

        return new MemorySource(
            new PolicyManifest(version,
            [
                Whole("config.json", files["config.json"]), Whole("tokenizer.json", files["tokenizer.json"]),
                new ManifestFile("model.safetensors", weights.Length, Hash(weights), parts),
            ]),
            files);
    }

    /// <summary>A version that is adapters to a model.</summary>
    public static MemorySource WithAdapters(long version, byte[] weights, byte[] adapters)
    {
        MemorySource source = Of(version, weights, weights.Length);
        source._files["adapter_model.safetensors"] = adapters;
        source.Manifest = source.Manifest with { Files = [.. source.Manifest.Files, Whole("adapter_model.safetensors", adapters)] };
        return source;
    }

    public static string Hash(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Fetches what a source has.</summary>
    public static Task<FetchedPolicy> FetchAsync(PolicyFetcher fetcher, MemorySource source) =>
        fetcher.FetchAsync(source.Manifest.Policy.Sha256, source, TestContext.Current.CancellationToken);

    public static byte[] Weights(FetchedPolicy fetched) => File.ReadAllBytes(Path.Combine(fetched.Folder, "model.safetensors"));

    public static byte[] Bytes(int seed, int count)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public Task<PolicyManifest> ManifestAsync(CancellationToken cancellationToken)
    {
        ManifestsAsked++;
        return Task.FromResult(Manifest);
    }

    public async Task ReadAsync(string file, long offset, long count, Stream into, CancellationToken cancellationToken)
    {
        Requests.Add((file, offset, count));
        await Gate(cancellationToken);
        byte[] bytes = [.. _files[file].AsSpan((int)offset, (int)count), 0];
        bytes = bytes[..((int)count + Extra)];
        if (Lie.Times > 0 && Lie.File == file && Lie.Offset >= offset && Lie.Offset < offset + count)
        {
            bytes[Lie.Offset - offset] ^= 0x40;
            Lie = Lie with { Times = Lie.Times - 1 };
        }

        // In pieces of 1000 bytes, as a socket would.
        for (int done = 0; done < bytes.Length;)
        {
            int piece = (int)Math.Min(Math.Min(1000, bytes.Length - done), _left);
            if (piece == 0)
                throw new IOException("the line broke");
            await into.WriteAsync(bytes.AsMemory(done, piece), cancellationToken);
            done += piece;
            _left -= piece;
        }
    }

    private static ManifestFile Whole(string name, byte[] content) =>
        new(name, content.Length, Hash(content), [new ManifestPart("", 0, content.Length, Hash(content))]);
}
