using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Etr.Grains.Runs.TensorBoard;

/// <summary>
/// TensorBoard's record: length (8 bytes, little-endian), masked CRC-32C of it, an Event message, masked CRC-32C of that. Of the message four
/// fields are written by hand: wall_time = 1, step = 2, file_version = 3, and a summary = 5 of values {tag = 1, simple_value = 2}. That is less
/// than the generated code for a dozen messages, and the format is frozen.
/// </summary>
internal static class EventRecord
{
    /// <summary>Bytes around a message.</summary>
    public const int Frame = 8 + 4 + 4;

    /// <summary>Most bytes of a message; a longer one is not of this program.</summary>
    public const int MaximumBytes = 1 << 20;

    private const byte WallTime = (1 << 3) | 1;
    private const byte Step = 2 << 3;
    private const byte FileVersion = (3 << 3) | 2;
    private const byte Summary = (5 << 3) | 2;
    private const byte Value = (1 << 3) | 2;
    private const byte Tag = (1 << 3) | 2;
    private const byte SimpleValue = (2 << 3) | 5;

    /// <summary>The record that a file begins with.</summary>
    public static byte[] Header(DateTimeOffset at)
    {
        var message = new MemoryStream();
        WriteWallTime(message, at);
        message.WriteByte(FileVersion);
        WriteText(message, "brain.Event:2");
        return Framed(message.ToArray());
    }

    /// <summary>A record with the scalars of a step; those that are no number are left out.</summary>
    public static byte[] Scalars(DateTimeOffset at, int step, IEnumerable<(string Tag, double Value)> scalars)
    {
        var summary = new MemoryStream();
        Span<byte> bits = stackalloc byte[4];
        foreach ((string tag, double value) in scalars.Where(scalar => double.IsFinite(scalar.Value)))
        {
            var one = new MemoryStream();
            one.WriteByte(Tag);
            WriteText(one, tag);
            one.WriteByte(SimpleValue);
            BinaryPrimitives.WriteSingleLittleEndian(bits, (float)value);
            one.Write(bits);
            summary.WriteByte(Value);
            WriteBytes(summary, one.ToArray());
        }

        var message = new MemoryStream();
        WriteWallTime(message, at);
        message.WriteByte(Step);
        WriteVarint(message, (ulong)step);
        message.WriteByte(Summary);
        WriteBytes(message, summary.ToArray());
        return Framed(message.ToArray());
    }

    /// <summary>CRC-32C (Castagnoli), rotated right by 15 and moved by a constant, as the format has it.</summary>
    public static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
            crc = BitOperations.Crc32C(crc, one);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    /// <summary>
    /// Reads the next record's message. Null where the stream ends, or does not go on with a whole record: what a killed writer left.
    /// </summary>
    public static async ValueTask<byte[]?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var header = new byte[12];
        if (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length)
            return null;
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (length > MaximumBytes || MaskedCrc(header.AsSpan(0, 8)) != BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)))
            return null;
        var body = new byte[(int)length + 4];
        if (await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken) < body.Length)
            return null;
        return MaskedCrc(body.AsSpan(0, (int)length)) == BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan((int)length)) ? body[..(int)length] : null;
    }

    /// <summary>The step of a message of this program, and the tag of its first value; null where there is none.</summary>
    public static (int Step, string Tag)? StepOf(ReadOnlySpan<byte> message)
    {
        // wall_time, step, summary, value, tag, in this order and nothing between.
        if (message.Length < 10 || message[0] != WallTime || message[9] != Step)
            return null;
        ReadOnlySpan<byte> rest = message[10..];
        if (!TryReadVarint(ref rest, out ulong step) || step > int.MaxValue
            || !TryEnter(ref rest, Summary) || !TryEnter(ref rest, Value) || !TryEnter(ref rest, Tag))
        {
            return null;
        }

        return ((int)step, Encoding.UTF8.GetString(rest));
    }

    private static bool TryEnter(ref ReadOnlySpan<byte> rest, byte field)
    {
        if (rest.IsEmpty || rest[0] != field)
            return false;
        rest = rest[1..];
        if (!TryReadVarint(ref rest, out ulong length) || length > (ulong)rest.Length)
            return false;
        rest = rest[..(int)length];
        return true;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(rest.Length, 10); i++)
        {
            value |= (ulong)(rest[i] & 0x7f) << (7 * i);
            if (rest[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    private static byte[] Framed(byte[] message)
    {
        var record = new byte[message.Length + Frame];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        message.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + message.Length), MaskedCrc(message));
        return record;
    }

    private static void WriteWallTime(MemoryStream to, DateTimeOffset at)
    {
        to.WriteByte(WallTime);
        Span<byte> bits = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bits, at.ToUnixTimeMilliseconds() / 1000.0);
        to.Write(bits);
    }

    private static void WriteText(MemoryStream to, string text) => WriteBytes(to, Encoding.UTF8.GetBytes(text));

    private static void WriteBytes(MemoryStream to, byte[] bytes)
    {
        WriteVarint(to, (ulong)bytes.Length);
        to.Write(bytes);
    }

    private static void WriteVarint(MemoryStream to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }
}
