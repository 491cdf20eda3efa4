using System.IO.MemoryMappedFiles;
using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>
/// A safetensors file, open for reading: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
/// The header is checked whole when the file is opened; tensors are copied out of a memory map when asked for.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const long Window = 16L << 20;

    private readonly MemoryMappedFile? _map;
    private readonly Dictionary<string, TensorEntry> _byName;

    private SafetensorsFile(string path, MemoryMappedFile? map, long dataStart, IReadOnlyList<TensorEntry> entries, IReadOnlyDictionary<string, string> metadata)
    {
        Path = path;
        Entries = entries;
        Metadata = metadata;
        _map = map;
        DataStart = dataStart;
        _byName = entries.ToDictionary(entry => entry.Name);
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>The tensors, in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>The header's free-form strings.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Length of prefix and header: where the first tensor's bytes lie in the file.</summary>
    internal long DataStart { get; }

    /// <summary>Opens a file and checks its header: lengths, types, shapes, and that the tensors fill the data section exactly.</summary>
    /// <exception cref="CheckpointException">The file is missing, cannot be read, or is no valid safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            (byte[] header, long dataStart) = ReadHeader(path, stream);
            long dataBytes = stream.Length - dataStart;
            (IReadOnlyList<TensorEntry> entries, IReadOnlyDictionary<string, string> metadata) = SafetensorsHeader.Parse(path, header, dataBytes);
            MemoryMappedFile? map = dataBytes == 0
                ? null
                : MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            var file = new SafetensorsFile(path, map, dataStart, entries, metadata);
            stream = map is null ? stream : null;
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable safetensors file", e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message, e);
        }
        finally
        {
            stream?.Dispose();
        }
    }

    /// <summary>What the header says of a tensor; null where the file has none of that name.</summary>
    public TensorEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Copies a tensor out of the file, as it is stored.</summary>
    /// <exception cref="CheckpointException">The file has no tensor of that name.</exception>
    public torch.Tensor Read(string name)
    {
        TensorEntry entry = Find(name) ?? throw new CheckpointException(Path, name, "this tensor", "none of that name");
        torch.Tensor tensor = torch.empty([.. entry.Shape], dtype: entry.Type);
        if (entry.Bytes > 0)
        {
            CopyTo(entry, tensor);
        }

        return tensor;
    }

    /// <summary>Copies a tensor out of the file, after checking its shape.</summary>
    /// <exception cref="CheckpointException">The file has no tensor of that name, or its shape is another.</exception>
    public torch.Tensor Read(string name, params ReadOnlySpan<long> shape)
    {
        TensorEntry entry = Find(name) ?? throw new CheckpointException(Path, name, $"a tensor of shape {Text(shape)}", "none of that name");
        return entry.Shape.ToArray().AsSpan().SequenceEqual(shape)
            ? Read(name)
            : throw new CheckpointException(Path, name, $"shape {Text(shape)}", entry.ShapeText);
    }

    /// <summary>Copies a floating-point tensor out of the file as fp32, without libtorch.</summary>
    /// <param name="name">A tensor of type F32, F16 or BF16, of at most <see cref="Array.MaxLength"/> elements.</param>
    /// <returns>Its elements, the last dimension fastest.</returns>
    /// <exception cref="CheckpointException">The file has no tensor of that name, or it is of another type or too large.</exception>
    public float[] ReadSingles(string name)
    {
        using TensorReader reader = Reader(name);
        if (reader.Count > Array.MaxLength)
        {
            throw new CheckpointException(Path, name, $"at most {Array.MaxLength} elements", $"{reader.Count}");
        }

        float[] values = new float[reader.Count];
        reader.Read(0, values);
        return values;
    }

    /// <summary>Copies a tensor's bytes as they are stored.</summary>
    internal unsafe void CopyTo(TensorEntry entry, Stream stream)
    {
        for (long done = 0; done < entry.Bytes; done += Window)
        {
            long count = Math.Min(Window, entry.Bytes - done);
            using MemoryMappedViewAccessor view = _map!.CreateViewAccessor(DataStart + entry.Begin + done, count, MemoryMappedFileAccess.Read);
            byte* source = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref source);
            try
            {
                stream.Write(new ReadOnlySpan<byte>(source + view.PointerOffset, (int)count));
            }
            finally
            {
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            }
        }
    }

    /// <summary>Reads a floating-point tensor piece by piece as fp32.</summary>
    /// <exception cref="CheckpointException">The file has no tensor of that name, or it is of another type.</exception>
    internal TensorReader Reader(string name)
    {
        TensorEntry entry = Find(name) ?? throw new CheckpointException(Path, name, "this tensor", "none of that name");
        return new TensorReader(_map, Path, entry, DataStart + entry.Begin);
    }

    /// <inheritdoc/>
    public void Dispose() => _map?.Dispose();

    private static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    private static (byte[] Header, long DataStart) ReadHeader(string path, FileStream stream)
    {
        if (stream.Length < 8)
        {
            throw new CheckpointException(path, null, "a header length in the first 8 bytes", $"a file of {stream.Length} bytes");
        }

        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        ulong length = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        long most = Math.Min(SafetensorsHeader.LongestHeader, stream.Length - 8);
        if (length > (ulong)most)
        {
            throw new CheckpointException(path, null, $"a header of at most {most} bytes", $"a header length of {length}");
        }

        byte[] header = new byte[length];
        stream.ReadExactly(header);
        return (header, 8 + (long)length);
    }

    private unsafe void CopyTo(TensorEntry entry, torch.Tensor tensor)
    {
        using MemoryMappedViewAccessor view = _map!.CreateViewAccessor(DataStart + entry.Begin, entry.Bytes, MemoryMappedFileAccess.Read);
        byte* source = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref source);
        try
        {
            // Straight into the tensor's memory, whatever its type; Buffer.MemoryCopy takes more than 2 GB.
            Buffer.MemoryCopy(source + view.PointerOffset, TensorMemory.AddressOf(tensor), entry.Bytes, entry.Bytes);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }
}
