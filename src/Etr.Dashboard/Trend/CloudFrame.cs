using System.Buffers.Binary;

namespace Etr.Dashboard.Trend;

/// <summary>Writes a cloud of traces as one binary message, little-endian; <c>scatter.js</c> reads it.</summary>
/// <remarks>
/// <code>
/// header  u32 traces
/// trace   f32 R · f32 ρ (NaN: undefined) · u32 tokens · u32 prompt · u32 ordinal · u32 step · u16 slot · u8 verdict (1 right, 0 wrong, 2 not graded) · u8 cut short?
/// </code>
/// </remarks>
internal static class CloudFrame
{
    private const int HeaderSize = 4;
    private const int PointSize = 28;

    public static byte[] Write(IReadOnlyCollection<TracePoint> points)
    {
        var bytes = new byte[HeaderSize + PointSize * points.Count];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)points.Count);
        var at = HeaderSize;
        foreach (var point in points)
        {
            var span = bytes.AsSpan(at, PointSize);
            BinaryPrimitives.WriteSingleLittleEndian(span, (float)point.Trend);
            BinaryPrimitives.WriteSingleLittleEndian(span[4..], (float)point.Spearman);
            BinaryPrimitives.WriteUInt32LittleEndian(span[8..], (uint)point.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(span[12..], (uint)point.Prompt);
            BinaryPrimitives.WriteUInt32LittleEndian(span[16..], (uint)Math.Clamp(point.Ordinal, 0, uint.MaxValue));
            BinaryPrimitives.WriteUInt32LittleEndian(span[20..], (uint)point.Step);
            BinaryPrimitives.WriteUInt16LittleEndian(span[24..], (ushort)Math.Clamp(point.Slot, 0, ushort.MaxValue));
            span[26] = point.Verdict < 0 ? (byte)2 : (byte)point.Verdict;
            span[27] = point.Truncated ? (byte)1 : (byte)0;
            at += PointSize;
        }

        return bytes;
    }
}
