using System.Text.Json;
using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>Reads and checks the JSON header of a safetensors file before any tensor is touched.</summary>
internal static class SafetensorsHeader
{
    /// <summary>Longest header read, in bytes; a model of a hundred thousand tensors stays below it.</summary>
    public const int LongestHeader = 25_000_000;

    private const int MostDimensions = 8;
    private const string Metadata = "__metadata__";

    /// <param name="file">Path, for messages.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataBytes">Bytes of the file after the header; the tensors must fill them exactly.</param>
    public static (IReadOnlyList<TensorEntry> Entries, IReadOnlyDictionary<string, string> Metadata) Parse(
        string file, ReadOnlyMemory<byte> json, long dataBytes)
    {
        var entries = new Dictionary<string, TensorEntry>();
        var metadata = new Dictionary<string, string>();
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 4 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new CheckpointException(file, null, "a header that is a JSON object", document.RootElement.ValueKind.ToString());
            }

            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Name == Metadata)
                {
                    ReadMetadata(file, property.Value, metadata);
                }
                else if (!entries.TryAdd(property.Name, ReadEntry(file, property.Name, property.Value, dataBytes)))
                {
                    throw new CheckpointException(file, property.Name, "each tensor once", "a second entry of this name");
                }
            }
        }
        catch (JsonException e)
        {
            throw new CheckpointException(file, null, "a header of valid JSON", e.Message, e);
        }

        List<TensorEntry> ordered = [.. entries.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.Bytes)];
        CheckCoverage(file, ordered, dataBytes);
        return (ordered, metadata);
    }

    private static void ReadMetadata(string file, JsonElement element, Dictionary<string, string> metadata)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new CheckpointException(file, Metadata, "an object of strings", element.ValueKind.ToString());
        }

        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                throw new CheckpointException(file, Metadata, "an object of strings", $"{property.Value.ValueKind} at '{property.Name}'");
            }

            metadata[property.Name] = property.Value.GetString()!;
        }
    }

    private static TensorEntry ReadEntry(string file, string name, JsonElement element, long dataBytes)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new CheckpointException(file, name, "an object with dtype, shape and data_offsets", element.ValueKind.ToString());
        }

        string? dtype = element.TryGetProperty("dtype", out JsonElement d) && d.ValueKind == JsonValueKind.String ? d.GetString() : null;
        if (!ElementTypes.TryParse(dtype, out torch.ScalarType type))
        {
            throw new CheckpointException(file, name, $"a dtype of {ElementTypes.Names}", dtype is null ? "none" : $"'{dtype}'");
        }

        long[] shape = ReadNumbers(file, name, element, "shape", MostDimensions);
        long[] offsets = ReadNumbers(file, name, element, "data_offsets", 2);
        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw new CheckpointException(file, name, "two data_offsets, begin ≤ end", $"[{string.Join(", ", offsets)}]");
        }

        if (offsets[1] > dataBytes)
        {
            throw new CheckpointException(file, name, $"data within the file's {dataBytes} data bytes", $"data_offsets up to {offsets[1]}");
        }

        var entry = new TensorEntry(name, type, shape, offsets[0], offsets[1] - offsets[0]);
        UInt128 bytes = (UInt128)ElementTypes.SizeOf(type);
        foreach (long length in shape)
        {
            // Checked at each factor: eight lengths near 2^63 would overflow even 128 bits. A later zero cannot excuse them.
            bytes *= (UInt128)length;
            if (bytes > long.MaxValue)
            {
                throw new CheckpointException(file, name, $"{entry.Bytes} bytes, as data_offsets say", $"shape {entry.ShapeText}");
            }
        }

        if (bytes != (UInt128)entry.Bytes)
        {
            throw new CheckpointException(
                file, name, $"{entry.Bytes} bytes, as data_offsets say", $"{dtype} of shape {entry.ShapeText}, which takes {bytes}");
        }

        return entry;
    }

    private static long[] ReadNumbers(string file, string name, JsonElement element, string field, int most)
    {
        if (!element.TryGetProperty(field, out JsonElement array) || array.ValueKind != JsonValueKind.Array)
        {
            throw new CheckpointException(file, name, $"an array '{field}'", "none");
        }

        int count = array.GetArrayLength();
        if (count > most)
        {
            throw new CheckpointException(file, name, $"at most {most} numbers in '{field}'", $"{count}");
        }

        long[] numbers = new long[count];
        for (int i = 0; i < count; i++)
        {
            if (array[i].ValueKind != JsonValueKind.Number || !array[i].TryGetInt64(out numbers[i]) || numbers[i] < 0)
            {
                throw new CheckpointException(file, name, $"whole numbers from 0 in '{field}'", array[i].GetRawText());
            }
        }

        return numbers;
    }

    // The data section is the tensors, one after the other: no byte shared, no byte unclaimed.
    private static void CheckCoverage(string file, List<TensorEntry> ordered, long dataBytes)
    {
        long end = 0;
        foreach (TensorEntry entry in ordered)
        {
            if (entry.Begin != end)
            {
                throw new CheckpointException(
                    file, entry.Name, $"data that begins at byte {end}, where the tensor before it ends",
                    $"{(entry.Begin < end ? "an overlap" : "a hole")}: it begins at byte {entry.Begin}");
            }

            end += entry.Bytes;
        }

        if (end != dataBytes)
        {
            throw new CheckpointException(file, null, $"{end} data bytes, as the header says", $"{dataBytes}");
        }
    }
}
