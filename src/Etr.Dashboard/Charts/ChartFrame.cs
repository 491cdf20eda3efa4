using System.Buffers.Binary;

namespace Etr.Dashboard.Charts;

/// <summary>
/// Writes rows of figures as one binary message, little-endian; <c>chart-frame.js</c> reads it.
/// </summary>
/// <remarks>
/// <code>
/// header   u32 sequence · u32 flags (1 snapshot, 2 with extremes) · u32 first row · u32 rows · u32 columns
/// steps    f32 last step of each row
/// column   f32 mean of each row; with extremes also f32 lowest, then f32 highest of each row. NaN where undefined.
/// </code>
/// Rows from the first on replace what was known.
/// </remarks>
internal static class ChartFrame
{
    private const int HeaderSize = 20;

    /// <summary>Writes a frame.</summary>
    /// <param name="sequence">Its number, one more than the frame before.</param>
    /// <param name="snapshot">Whether it stands alone.</param>
    /// <param name="first">Its first row.</param>
    /// <param name="steps">The last step of each row.</param>
    /// <param name="columns">For each column one value a row.</param>
    /// <param name="extremes">For each column lowest and highest values; null where they are the values themselves.</param>
    public static byte[] Write(uint sequence, bool snapshot, int first, float[] steps, float[][] columns, (float[] Low, float[] High)[]? extremes)
    {
        var bytes = new byte[HeaderSize + sizeof(float) * steps.Length * (1 + columns.Length * (extremes is null ? 1 : 3))];
        uint[] header = [sequence, (snapshot ? 1u : 0) | (extremes is null ? 0 : 2u), (uint)first, (uint)steps.Length, (uint)columns.Length];
        for (var i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), header[i]);

        var at = HeaderSize;
        Append(steps);
        for (var column = 0; column < columns.Length; column++)
        {
            Append(columns[column]);
            if (extremes is null)
                continue;
            Append(extremes[column].Low);
            Append(extremes[column].High);
        }

        return bytes;

        void Append(float[] values)
        {
            foreach (var value in values)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), value);
                at += sizeof(float);
            }
        }
    }
}
