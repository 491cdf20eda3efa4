using System.Buffers.Binary;

namespace Etr.Core.Gaps;

/// <summary>
/// The file form of a step's gaps, little-endian: the letters <c>ETRD</c>, a format number, the step, the number of traces; for each
/// trace its ordinal (8 bytes), slot, updates before and tokens (4 each); then 2 bytes a token, trace after trace. Every number is
/// checked before anything is allocated for it.
/// </summary>
public static class StepGapsCodec
{
    /// <summary>Most bytes of a step's file: some 134 million tokens.</summary>
    public const int MaximumBytes = 1 << 28;

    private const uint Magic = 0x44525445;
    private const int Format = 1;
    private const int HeadBytes = 16;
    private const int RowBytes = 20;
    private const int TokenBytes = 2;

    /// <summary>Bytes that a step's file takes.</summary>
    public static long BytesOf(StepGaps gaps)
    {
        ArgumentNullException.ThrowIfNull(gaps);
        return HeadBytes + gaps.Traces.Sum(trace => RowBytes + ((long)TokenBytes * trace.Values.Count));
    }

    /// <summary>Writes a step's gaps.</summary>
    /// <exception cref="InvalidDataException">They take more than <see cref="MaximumBytes"/>.</exception>
    public static byte[] Write(StepGaps gaps)
    {
        long length = BytesOf(gaps);
        if (length > MaximumBytes)
            throw new InvalidDataException($"The gaps of step {gaps.Step} take {length} bytes; at most {MaximumBytes} are written.");
        byte[] bytes = new byte[length];
        Span<byte> rest = bytes;
        WriteInt32(ref rest, unchecked((int)Magic));
        WriteInt32(ref rest, Format);
        WriteInt32(ref rest, gaps.Step);
        WriteInt32(ref rest, gaps.Traces.Count);
        foreach (TraceGaps trace in gaps.Traces)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, trace.Ordinal);
            rest = rest[8..];
            WriteInt32(ref rest, trace.Slot);
            WriteInt32(ref rest, trace.UpdatesBefore);
            WriteInt32(ref rest, trace.Values.Count);
        }

        foreach (TraceGaps trace in gaps.Traces)
        {
            foreach (Half value in trace.Values)
            {
                BinaryPrimitives.WriteHalfLittleEndian(rest, value);
                rest = rest[TokenBytes..];
            }
        }

        return bytes;
    }

    /// <summary>Reads a step's gaps, all of them or those of one group.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="ordinal">The group; null for all.</param>
    /// <exception cref="InvalidDataException">The bytes are not a step's gaps.</exception>
    public static StepGaps Read(ReadOnlySpan<byte> bytes, long? ordinal = null)
    {
        if (bytes.Length < HeadBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
            throw new InvalidDataException("The file does not hold a step's gaps: it does not begin with ETRD.");
        int format = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (format != Format)
            throw new InvalidDataException($"The step's gaps have format {format}; this program reads format {Format}.");
        int step = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        bytes = bytes[HeadBytes..];
        if (count < 0 || count > bytes.Length / RowBytes)
            throw new InvalidDataException($"The step's gaps claim {count} traces; {bytes.Length} bytes are left.");

        ReadOnlySpan<byte> rows = bytes[..(count * RowBytes)];
        ReadOnlySpan<byte> values = bytes[rows.Length..];
        List<TraceGaps> traces = [];
        for (; !rows.IsEmpty; rows = rows[RowBytes..])
        {
            long of = BinaryPrimitives.ReadInt64LittleEndian(rows);
            int slot = BinaryPrimitives.ReadInt32LittleEndian(rows[8..]);
            int before = BinaryPrimitives.ReadInt32LittleEndian(rows[12..]);
            int tokens = BinaryPrimitives.ReadInt32LittleEndian(rows[16..]);
            if (slot < 0 || before < 0 || tokens < 0 || tokens > values.Length / TokenBytes)
                throw new InvalidDataException($"Trace {slot} of group {of} claims {tokens} gaps; {values.Length} bytes are left.");
            if (ordinal is null || ordinal == of)
                traces.Add(new TraceGaps(of, slot, before, Values(values[..(tokens * TokenBytes)])));
            values = values[(tokens * TokenBytes)..];
        }

        return values.IsEmpty ? new StepGaps(step, traces) : throw new InvalidDataException($"{values.Length} bytes follow the last gap.");
    }

    private static Half[] Values(ReadOnlySpan<byte> bytes)
    {
        var values = new Half[bytes.Length / TokenBytes];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadHalfLittleEndian(bytes[(i * TokenBytes)..]);
        return values;
    }

    private static void WriteInt32(ref Span<byte> rest, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, value);
        rest = rest[4..];
    }
}
