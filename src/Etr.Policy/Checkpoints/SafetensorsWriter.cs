using System.Buffers.Binary;
using System.Text.Json;
using Etr.Core.Files;
using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>Writes safetensors files. Equal tensors in equal order give equal bytes, so a content hash names them.</summary>
public static class SafetensorsWriter
{
    private const int Chunk = 1 << 30;

    /// <summary>Writes the tensors to <paramref name="path"/>: aside, fsynced, renamed.</summary>
    /// <param name="path">The file; its folder is made where it is missing.</param>
    /// <param name="tensors">Names and tensors, in the order they are to be stored; any device, any layout.</param>
    /// <param name="metadata">Free-form strings for the header.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or safetensors has no type for a tensor.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<(string Name, torch.Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        DurableFile.Write(path, stream => Write(stream, tensors, metadata));

    /// <summary>Writes the tensors to a stream, for whoever names or hashes the file.</summary>
    /// <param name="stream">Where the bytes go.</param>
    /// <param name="tensors">Names and tensors, in the order they are to be stored; any device, any layout.</param>
    /// <param name="metadata">Free-form strings for the header.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or safetensors has no type for a tensor.</exception>
    public static void Write(Stream stream, IReadOnlyList<(string Name, torch.Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        WriteHeader(stream, [.. tensors.Select(tensor => new TensorShape(tensor.Name, tensor.Value.dtype, tensor.Value.shape))], metadata);
        foreach ((_, torch.Tensor value) in tensors)
        {
            WriteData(stream, value);
        }
    }

    /// <summary>Writes prefix and header of a file whose tensors' bytes the caller writes next, in the same order.</summary>
    /// <exception cref="ArgumentException">A name occurs twice, or safetensors has no type for a tensor.</exception>
    internal static void WriteHeader(Stream stream, IReadOnlyList<TensorShape> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        byte[] header = Header(tensors, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
    }

    /// <summary>Writes a tensor's bytes.</summary>
    internal static unsafe void WriteData(Stream stream, torch.Tensor value)
    {
        using torch.Tensor detached = value.detach();
        using torch.Tensor near = detached.cpu();
        using torch.Tensor contiguous = near.contiguous();
        long bytes = contiguous.numel() * ElementTypes.SizeOf(contiguous.dtype);
        byte* address = bytes == 0 ? null : TensorMemory.AddressOf(contiguous);
        for (long done = 0; done < bytes; done += Chunk)
        {
            stream.Write(new ReadOnlySpan<byte>(address + done, (int)Math.Min(Chunk, bytes - done)));
        }
    }

    private static byte[] Header(IReadOnlyList<TensorShape> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            var names = new HashSet<string>(StringComparer.Ordinal);
            long offset = 0;
            foreach ((string name, torch.ScalarType type, IReadOnlyList<long> shape) in tensors)
            {
                if (!names.Add(name))
                {
                    throw new ArgumentException($"tensor '{name}' occurs twice", nameof(tensors));
                }

                long bytes = shape.Aggregate((long)ElementTypes.SizeOf(type), (product, count) => product * count);
                json.WriteStartObject(name);
                json.WriteString("dtype", ElementTypes.NameOf(type));
                WriteNumbers(json, "shape", shape);
                WriteNumbers(json, "data_offsets", [offset, offset + bytes]);
                json.WriteEndObject();
                offset += bytes;
            }

            json.WriteEndObject();
        }

        // Spaces up to a multiple of eight keep the data aligned for whoever maps it.
        buffer.Write("        "u8[..(int)(-buffer.Length & 7)]);
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}

/// <summary>What a header says of a tensor, but for where its bytes lie.</summary>
internal readonly record struct TensorShape(string Name, torch.ScalarType Type, IReadOnlyList<long> Shape);
