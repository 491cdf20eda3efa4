using System.Buffers.Binary;
using System.Text.Json;
using Etr.Core.Policies;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;

namespace Etr.Benchmarks.Clusters;

/// <summary>A safetensors file with the tensors of a low-rank adapter: two for each of seven projections of 28 layers.</summary>
internal sealed class AdapterFile
{
    private const int Layers = 28;
    private static readonly string[] Projections = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
    private readonly byte[][] _tensors;
    private readonly byte[] _header;
    private readonly Random _random = new(1);

    public AdapterFile(long bytes)
    {
        string[] names = [.. from layer in Enumerable.Range(0, Layers) from projection in Projections from side in (string[])["A", "B"] select $"layers.{layer}.{projection}.lora_{side}"];
        int each = (int)(bytes / names.Length / 4 * 4);
        _tensors = [.. names.Select(_ => new byte[each])];
        var entries = names.Select((name, index) => (name, entry: new { dtype = "F32", shape = (int[])[each / 4], data_offsets = (long[])[(long)index * each, (index + 1L) * each] }));
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(entries.ToDictionary(pair => pair.name, pair => pair.entry));
        _header = new byte[8 + json.Length];
        BinaryPrimitives.WriteInt64LittleEndian(_header, json.Length);
        json.CopyTo(_header, 8);
        Change(1);
    }

    public long Bytes => _header.Length + _tensors.Sum(tensor => (long)tensor.Length);

    public int Tensors => _tensors.Length;

    /// <summary>Fills a share (0 to 1) of the tensors anew.</summary>
    public void Change(double share)
    {
        int every = (int)Math.Round(1 / share);
        for (int i = 0; i < _tensors.Length; i += every)
            _random.NextBytes(_tensors[i]);
    }

    /// <summary>Publishes it as a version of a run's policy, as the learner does.</summary>
    public async Task<ManifestFile> PublishAsync(string policyDirectory, long version, string modelFolder)
    {
        Directory.CreateDirectory(policyDirectory);
        string aside = Path.Combine(policyDirectory, "new");
        await using (FileStream stream = File.Create(aside))
        {
            await stream.WriteAsync(_header);
            foreach (byte[] tensor in _tensors)
                await stream.WriteAsync(tensor);
        }

        ManifestFile weights = SafetensorsParts.FileOf(aside, PolicyManifest.WeightsFile, CancellationToken.None);
        string path = Path.Combine(policyDirectory, weights.Sha256 + ".safetensors");
        File.Move(aside, path);
        await PolicyFolder.PublishAsync(policyDirectory, version, new FileRef(path, weights.Sha256), weights.Parts, modelFolder, CancellationToken.None);
        return weights;
    }
}
