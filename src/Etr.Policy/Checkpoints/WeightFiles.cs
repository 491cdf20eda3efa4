using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>A model's weights, open for reading: one safetensors file, or the shards that an index names.</summary>
public sealed class WeightFiles : IDisposable
{
    private const int Piece = 1 << 20;

    private readonly IReadOnlyList<SafetensorsFile> _files;
    private readonly Dictionary<string, (SafetensorsFile File, TensorEntry Entry)> _byName;

    private WeightFiles(string path, IReadOnlyList<SafetensorsFile> files, Dictionary<string, (SafetensorsFile File, TensorEntry Entry)> byName)
    {
        Path = path;
        _files = files;
        _byName = byName;
        Entries = [.. files.SelectMany(file => file.Entries)];
    }

    /// <summary>The safetensors file, or the index.</summary>
    public string Path { get; }

    /// <summary>The tensors, file by file in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>The files, one or the shards.</summary>
    public IReadOnlyList<string> Files => [.. _files.Select(file => file.Path)];

    /// <summary>Opens a safetensors file, or an index (<c>….index.json</c>) and every shard it names, and checks all headers.</summary>
    /// <exception cref="CheckpointException">A file is missing or not valid, or index and shards contradict each other.</exception>
    public static WeightFiles Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(WeightIndex.Extension, StringComparison.Ordinal))
            return OpenShards(path);
        SafetensorsFile file = SafetensorsFile.Open(path);
        return new WeightFiles(path, [file], file.Entries.ToDictionary(entry => entry.Name, entry => (file, entry)));
    }

    /// <summary>What the header says of a tensor; null where there is none of that name.</summary>
    public TensorEntry? Find(string name) => _byName.TryGetValue(name, out (SafetensorsFile File, TensorEntry Entry) found) ? found.Entry : null;

    /// <summary>The file that holds a tensor; <see cref="Path"/> where none does.</summary>
    public string FileOf(string name) => _byName.TryGetValue(name, out (SafetensorsFile File, TensorEntry Entry) found) ? found.File.Path : Path;

    /// <summary>Copies a floating-point tensor to a device as fp32. On the CPU nothing but the tensor and a window of the file is held.</summary>
    /// <exception cref="CheckpointException">There is no tensor of that name, or it is of another type.</exception>
    public unsafe torch.Tensor ReadSingle(string name, torch.Device? device = null)
    {
        torch.Tensor tensor = torch.empty([.. Of(name).Entry.Shape], dtype: torch.float32);
        ReadSingle(name, tensor.numel() == 0 ? null : (float*)TensorMemory.AddressOf(tensor));
        if (device is null || device.type == DeviceType.CPU)
            return tensor;
        using (tensor)
            return tensor.to(device);
    }

    /// <summary>Copies a floating-point tensor into memory of its size, over several threads where it is large.</summary>
    internal unsafe void ReadSingle(string name, float* to)
    {
        using TensorReader first = Reader(name);
        long count = first.Count;
        int pieces = (int)((count + Piece - 1) / Piece);
        if (pieces == 1)
            first.Read(0, new Span<float>(to, (int)count));
        else
            LoadingThreads.Run(pieces, () => Reader(name), (piece, reader) => reader.Read((long)piece * Piece, new Span<float>(to + (long)piece * Piece, (int)Math.Min(Piece, count - (long)piece * Piece))), reader => reader.Dispose());
    }

    /// <summary>Copies a floating-point tensor out as fp32, without libtorch.</summary>
    /// <inheritdoc cref="SafetensorsFile.ReadSingles"/>
    public float[] ReadSingles(string name) => Of(name).File.ReadSingles(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
            file.Dispose();
    }

    /// <summary>Reads a tensor piece by piece as fp32, without libtorch.</summary>
    internal TensorReader Reader(string name) => Of(name).File.Reader(name);

    /// <summary>The file that holds a tensor, and its entry there.</summary>
    /// <exception cref="CheckpointException">None does.</exception>
    internal (SafetensorsFile File, TensorEntry Entry) Of(string name) =>
        _byName.TryGetValue(name, out (SafetensorsFile File, TensorEntry Entry) found) ? found : throw new CheckpointException(Path, name, "this tensor", "none of that name");

    private static WeightFiles OpenShards(string path)
    {
        IReadOnlyDictionary<string, string> index = WeightIndex.Read(path);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var files = new List<SafetensorsFile>();
        try
        {
            var byName = new Dictionary<string, (SafetensorsFile File, TensorEntry Entry)>(StringComparer.Ordinal);
            foreach (string shard in index.Values.Distinct().Order(StringComparer.Ordinal))
            {
                var file = SafetensorsFile.Open(System.IO.Path.Combine(folder, shard));
                files.Add(file);
                foreach (TensorEntry entry in file.Entries)
                {
                    if (index.GetValueOrDefault(entry.Name) != shard)
                        throw new CheckpointException(file.Path, entry.Name, $"a tensor that {System.IO.Path.GetFileName(path)} places there", index.TryGetValue(entry.Name, out string? other) ? $"one it places in {other}" : "one it does not list");
                    byName.Add(entry.Name, (file, entry));
                }
            }

            string? absent = index.Keys.FirstOrDefault(name => !byName.ContainsKey(name));
            return absent is null
                ? new WeightFiles(path, files, byName)
                : throw new CheckpointException(System.IO.Path.Combine(folder, index[absent]), absent, $"this tensor, as {System.IO.Path.GetFileName(path)} says", "none of that name");
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }
}
