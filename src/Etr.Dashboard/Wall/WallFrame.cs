using System.Buffers;
using System.Buffers.Binary;

namespace Etr.Dashboard.Wall;

/// <summary>
/// Writes what one circuit is shown as one binary message, little-endian; <c>wall.js</c> reads it.
/// </summary>
/// <remarks>
/// <code>
/// header  u32 sequence · u32 snapshot? · u32 cells on the wall · i32 selected prompt (−1: none) · i32 its position (−1: filtered out)
///         · u32 cells that follow · u32 steps that follow them
/// cell    u32 prompt · u32 position · u8 flags (1 live, 2 pinned) · u8 direction · u8 accuracy in percent (255: not graded)
///         · u8 slot (255: none) · u16 steps in all · u16 steps that follow · u32 tokens · u32 policy version · f32 trend R
/// step    u16 entropy in millinats
/// more    u32 prompt (30 bits) and direction (2 bits) · u16 entropy of a further step in millinats · i16 trend R in millinats
/// </code>
/// A cell that has only gone on by some steps is told by those alone: 8 bytes where the whole cell takes a hundred.
/// </remarks>
internal sealed class WallFrame
{
    /// <summary>Newest steps shown of a trace.</summary>
    public const int MostSteps = 48;

    /// <summary>Prompts from here on are told by whole cells only.</summary>
    public const int MostPrompt = 1 << 30;

    private const int HeaderSize = 28;
    private const int CountOffset = 20;
    private const int CellSize = 28;
    private const int MoreSize = 8;
    private const byte NotGraded = 255;

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly ArrayBufferWriter<byte> _more = new();
    private uint _cells;

    public WallFrame(uint sequence, bool snapshot, int total, int selected, int selectedPosition)
    {
        var header = _bytes.GetSpan(HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header, sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], snapshot ? 1u : 0u);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)total);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], selected);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], selectedPosition);
        _bytes.Advance(HeaderSize);
    }

    /// <summary>Adds a cell.</summary>
    public void Add(WallCell cell, int position, bool pinned)
    {
        var steps = cell.Steps;
        steps = steps[Math.Max(0, steps.Length - MostSteps)..];
        var span = _bytes.GetSpan(CellSize + 2 * steps.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(span, (uint)cell.Prompt);
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], (uint)position);
        span[8] = (byte)((cell.Live ? 1 : 0) | (pinned ? 2 : 0));
        span[9] = (byte)cell.Direction;
        span[10] = double.IsNaN(cell.Accuracy) ? NotGraded : (byte)Math.Round(100 * Math.Clamp(cell.Accuracy, 0, 1));
        span[11] = (byte)Math.Clamp(cell.Slot < 0 ? 255 : cell.Slot, 0, 255);
        BinaryPrimitives.WriteUInt16LittleEndian(span[12..], (ushort)Math.Min(cell.StepCount, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16LittleEndian(span[14..], (ushort)steps.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(span[16..], (uint)Math.Clamp(cell.Length, 0, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(span[20..], (uint)Math.Clamp(cell.PolicyVersion, 0, uint.MaxValue));
        BinaryPrimitives.WriteSingleLittleEndian(span[24..], (float)cell.Trend);
        for (var i = 0; i < steps.Length; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(span[(CellSize + 2 * i)..], Millinats(steps[i]));
        _bytes.Advance(CellSize + 2 * steps.Length);
        _cells++;
    }

    /// <summary>Adds the newest <paramref name="count"/> steps of a cell whose other figures are known there.</summary>
    public void AddSteps(WallCell cell, int count)
    {
        foreach (var entropy in cell.Steps[^count..])
        {
            var span = _more.GetSpan(MoreSize);
            BinaryPrimitives.WriteUInt32LittleEndian(span, (uint)cell.Prompt | ((uint)cell.Direction << 30));
            BinaryPrimitives.WriteUInt16LittleEndian(span[4..], Millinats(entropy));
            BinaryPrimitives.WriteInt16LittleEndian(span[6..], (short)Math.Clamp(Math.Round(1000 * cell.Trend), short.MinValue, short.MaxValue));
            _more.Advance(MoreSize);
        }
    }

    /// <summary>The message.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = [.. _bytes.WrittenSpan, .. _more.WrittenSpan];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CountOffset), _cells);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CountOffset + sizeof(uint)), (uint)(_more.WrittenCount / MoreSize));
        return bytes;
    }

    private static ushort Millinats(double entropy) =>
        double.IsNaN(entropy) ? (ushort)0 : (ushort)Math.Clamp(Math.Round(1000 * entropy), 0, ushort.MaxValue);
}
