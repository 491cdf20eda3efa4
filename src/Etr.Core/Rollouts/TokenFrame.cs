using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Etr.Core.Rollouts;

/// <summary>
/// Packs tokens into bytes, little-endian: count, then for each token id, policy version, log-probability, entropy, top-five
/// entropy, flags, length of the text, text (UTF-8). A frame is read within bounds: what does not fit is refused before
/// anything is allocated for it.
/// </summary>
public static class TokenFrame
{
    /// <summary>Most bytes of a frame.</summary>
    public const int MaximumBytes = 64 << 20;

    /// <summary>Most bytes of one token's text.</summary>
    public const int MaximumTextBytes = 4096;

    private const int FixedBytes = 4 + 8 + 4 + 4 + 4 + 1 + 2;
    private const byte BreaksFlag = 1;

    /// <summary>Packs tokens.</summary>
    /// <exception cref="ArgumentException">A text or the frame is beyond its bound.</exception>
    public static byte[] Pack(IReadOnlyList<SampledToken> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var writer = new ArrayBufferWriter<byte>(4 + tokens.Count * (FixedBytes + 4));
        BinaryPrimitives.WriteInt32LittleEndian(writer.GetSpan(4), tokens.Count);
        writer.Advance(4);
        foreach (SampledToken token in tokens)
        {
            int text = Encoding.UTF8.GetByteCount(token.Text);
            if (text > MaximumTextBytes || writer.WrittenCount + FixedBytes + text > MaximumBytes)
                throw new ArgumentException($"A token's text of {text} bytes does not fit the frame.", nameof(tokens));
            Span<byte> span = writer.GetSpan(FixedBytes + text);
            BinaryPrimitives.WriteInt32LittleEndian(span, token.Id);
            BinaryPrimitives.WriteInt64LittleEndian(span[4..], token.PolicyVersion);
            BinaryPrimitives.WriteSingleLittleEndian(span[12..], token.LogProb);
            BinaryPrimitives.WriteSingleLittleEndian(span[16..], token.Entropy);
            BinaryPrimitives.WriteSingleLittleEndian(span[20..], token.TopFiveEntropy);
            span[24] = token.ArgMaxBreaks ? BreaksFlag : (byte)0;
            BinaryPrimitives.WriteUInt16LittleEndian(span[25..], (ushort)text);
            Encoding.UTF8.GetBytes(token.Text, span[FixedBytes..]);
            writer.Advance(FixedBytes + text);
        }

        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Unpacks a frame.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a frame.</exception>
    public static SampledToken[] Unpack(ReadOnlySpan<byte> frame)
    {
        if (frame.Length is < 4 or > MaximumBytes)
            throw new InvalidDataException($"A token frame has 4 to {MaximumBytes} bytes, not {frame.Length}.");
        int count = BinaryPrimitives.ReadInt32LittleEndian(frame);
        ReadOnlySpan<byte> rest = frame[4..];
        if (count < 0 || count > rest.Length / FixedBytes)
            throw new InvalidDataException($"{rest.Length} bytes cannot hold {count} tokens.");

        var tokens = new SampledToken[count];
        for (int i = 0; i < count; i++)
        {
            if (rest.Length < FixedBytes)
                throw new InvalidDataException($"The frame ends within token {i} of {count}.");
            int text = BinaryPrimitives.ReadUInt16LittleEndian(rest[25..]);
            if (text > MaximumTextBytes || rest.Length - FixedBytes < text)
                throw new InvalidDataException($"Token {i} claims {text} bytes of text; {rest.Length - FixedBytes} are left.");
            tokens[i] = new SampledToken(
                BinaryPrimitives.ReadInt32LittleEndian(rest),
                Encoding.UTF8.GetString(rest.Slice(FixedBytes, text)),
                BinaryPrimitives.ReadSingleLittleEndian(rest[12..]),
                BinaryPrimitives.ReadSingleLittleEndian(rest[16..]),
                BinaryPrimitives.ReadSingleLittleEndian(rest[20..]),
                (rest[24] & BreaksFlag) != 0,
                BinaryPrimitives.ReadInt64LittleEndian(rest[4..]));
            rest = rest[(FixedBytes + text)..];
        }

        return rest.IsEmpty ? tokens : throw new InvalidDataException($"{rest.Length} bytes follow the last token.");
    }
}
