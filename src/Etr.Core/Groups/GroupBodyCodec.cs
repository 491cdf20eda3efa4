using System.Buffers.Binary;
using System.Text.Json;
using Etr.Core.Grading;
using Etr.Core.Rollouts;

namespace Etr.Core.Groups;

/// <summary>
/// The file form of a sealed group: the letters <c>ETRG</c>, a format number, then length-prefixed parts: a JSON header, and
/// a <see cref="TokenFrame"/> for each trace. Every length is checked before anything is allocated for it.
/// </summary>
public static class GroupBodyCodec
{
    /// <summary>Most bytes of a group's file.</summary>
    public const int MaximumBytes = 1 << 30;

    private const uint Magic = 0x47525445;

    // Format 1 knew no unscored traces and no parts of a reward; what it holds reads as it was.
    private const int Format = 2;
    private const int OldestFormat = 1;

    /// <summary>Writes a group.</summary>
    public static byte[] Write(GroupBody body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var header = new Header(
            body.Ordinal, body.Prompt, body.Round, body.PolicyVersion, [.. body.PromptTokens],
            [.. body.Traces.Select(trace => new TraceHeader(trace.Truncated, trace.Verdict, trace.Payment, trace.Unscorable, [.. trace.Parts]))]);

        using var stream = new MemoryStream();
        WriteInt32(stream, unchecked((int)Magic));
        WriteInt32(stream, Format);
        WritePart(stream, JsonSerializer.SerializeToUtf8Bytes(header));
        foreach (GroupTrace trace in body.Traces)
            WritePart(stream, TokenFrame.Pack(trace.Tokens));
        return stream.ToArray();
    }

    /// <summary>Reads a group.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a group's.</exception>
    public static GroupBody Read(ReadOnlySpan<byte> bytes)
    {
        if (ReadInt32(ref bytes) != unchecked((int)Magic))
            throw new InvalidDataException("The file is not a sealed group: it does not begin with ETRG.");
        int format = ReadInt32(ref bytes);
        if (format is < OldestFormat or > Format)
            throw new InvalidDataException($"The sealed group has format {format}; this program reads formats {OldestFormat} to {Format}.");

        Header header = ReadHeader(ReadPart(ref bytes));
        var traces = new GroupTrace[header.Traces.Length];
        for (int slot = 0; slot < traces.Length; slot++)
        {
            TraceHeader trace = header.Traces[slot];
            traces[slot] = new GroupTrace(TokenFrame.Unpack(ReadPart(ref bytes)), trace.Truncated, trace.Verdict, trace.Payment)
            {
                Unscorable = trace.Unscorable,
                Parts = trace.Parts ?? [],
            };
        }

        if (!bytes.IsEmpty)
            throw new InvalidDataException($"{bytes.Length} bytes follow the group's last trace.");
        return new GroupBody(header.Ordinal, header.Prompt, header.Round, header.PolicyVersion, header.PromptTokens, traces);
    }

    private static Header ReadHeader(ReadOnlySpan<byte> part)
    {
        try
        {
            Header? header = JsonSerializer.Deserialize<Header>(part);
            bool whole = header is { PromptTokens: not null, Traces: not null } && header.Traces.All(trace => trace is { Verdict: not null, Payment: not null });
            return whole ? header! : throw new InvalidDataException("The group's header lacks a part.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The group's header cannot be read: {exception.Message}", exception);
        }
    }

    private static void WritePart(MemoryStream stream, byte[] part)
    {
        WriteInt32(stream, part.Length);
        stream.Write(part);
    }

    private static void WriteInt32(MemoryStream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static ReadOnlySpan<byte> ReadPart(ref ReadOnlySpan<byte> bytes)
    {
        int length = ReadInt32(ref bytes);
        if (length < 0 || length > bytes.Length)
            throw new InvalidDataException($"A part claims {length} bytes; {bytes.Length} are left.");
        ReadOnlySpan<byte> part = bytes[..length];
        bytes = bytes[length..];
        return part;
    }

    private static int ReadInt32(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 4)
            throw new InvalidDataException("The sealed group ends too early.");
        int value = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        bytes = bytes[4..];
        return value;
    }

    private sealed record Header(long Ordinal, int Prompt, int Round, long PolicyVersion, int[] PromptTokens, TraceHeader[] Traces);

    private sealed record TraceHeader(bool Truncated, Verdict Verdict, TracePayment Payment, string? Unscorable = null, double?[]? Parts = null);
}
