using System.Text;

namespace Etr.Grains.Tests.Runs.TensorBoard;

/// <summary>
/// TensorBoard's event files, read by their description and not by the program's own code: a table-driven CRC-32C, and protobuf's wire format
/// field by field, unknown ones skipped.
/// </summary>
internal static class EventsReader
{
    public sealed record Event(double WallTime, long Step, string FileVersion, IReadOnlyDictionary<string, float> Scalars);

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value => Enumerable.Range(0, 8).Aggregate((uint)value, (crc, _) => (crc >> 1) ^ ((crc & 1) * 0x82f63b78u)))];

    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xffffffff;
        foreach (byte one in bytes)
            crc = (crc >> 8) ^ Table[(crc ^ one) & 0xff];
        return crc ^ 0xffffffff;
    }

    public static uint Masked(uint crc) => ((crc >> 15) | (crc << 17)) + 0xa282ead8;

    /// <summary>All events; what follows the last whole record is left, as readers leave it until more comes.</summary>
    public static List<Event> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var events = new List<Event>();
        int at = 0;
        while (file.Length - at >= 16)
        {
            long length = BitConverter.ToInt64(file, at);
            if (length > file.Length - at - 16)
                break;
            Assert.Equal(Masked(Crc32C(file.AsSpan(at, 8))), BitConverter.ToUInt32(file, at + 8));
            ReadOnlySpan<byte> body = file.AsSpan(at + 12, (int)length);
            Assert.Equal(Masked(Crc32C(body)), BitConverter.ToUInt32(file, at + 12 + (int)length));
            events.Add(EventOf(body));
            at += 16 + (int)length;
        }

        return events;
    }

    private static Event EventOf(ReadOnlySpan<byte> message)
    {
        var (wall, step, version) = (0.0, 0L, "");
        var scalars = new Dictionary<string, float>();
        foreach ((int field, ulong number, byte[] bytes) in Fields(message.ToArray()))
        {
            if (field == 1)
                wall = BitConverter.UInt64BitsToDouble(number);
            else if (field == 2)
                step = (long)number;
            else if (field == 3)
                version = Encoding.UTF8.GetString(bytes);
            else if (field == 5)
            {
                foreach ((_, _, byte[] value) in Fields(bytes).Where(one => one.Field == 1))
                {
                    List<(int Field, ulong Number, byte[] Bytes)> parts = [.. Fields(value)];
                    scalars.Add(Encoding.UTF8.GetString(parts.Single(part => part.Field == 1).Bytes), BitConverter.UInt32BitsToSingle((uint)parts.Single(part => part.Field == 2).Number));
                }
            }
        }

        return new Event(wall, step, version, scalars);
    }

    private static IEnumerable<(int Field, ulong Number, byte[] Bytes)> Fields(byte[] message)
    {
        int at = 0;
        while (at < message.Length)
        {
            ulong key = Varint(message, ref at);
            switch (key & 7)
            {
                case 0:
                    yield return ((int)(key >> 3), Varint(message, ref at), []);
                    break;
                case 1:
                    yield return ((int)(key >> 3), BitConverter.ToUInt64(message, at), []);
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(message, ref at);
                    yield return ((int)(key >> 3), 0, message[at..(at + length)]);
                    at += length;
                    break;
                case 5:
                    yield return ((int)(key >> 3), BitConverter.ToUInt32(message, at), []);
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {key & 7}");
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte one = message[at++];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
                return value;
        }
    }
}
