using System.Text.Json;

namespace Etr.Core.Prompts;

/// <summary>Lines that are worked on together: their bytes, one after the other, without blank ones.</summary>
internal sealed class LineBatch
{
    private const int MostMembers = 12;
    private byte[] _bytes = new byte[64 * 1024];
    private int _used;

    /// <summary>The lines.</summary>
    public List<BatchLine> Lines { get; } = [];

    /// <summary>The bytes of one.</summary>
    public ReadOnlyMemory<byte> BytesOf(BatchLine line) => _bytes.AsMemory(line.Start, line.Length);

    /// <summary>Takes the next lines; false where the file has ended.</summary>
    public bool Fill(LineReader reader, int mostLines, int mostBytes)
    {
        Lines.Clear();
        _used = 0;
        while (Lines.Count < mostLines && _used < mostBytes)
        {
            if (!reader.TryRead(out ReadOnlyMemory<byte> line, out bool tooLong))
                return false;
            int mark = reader.Number == 1 && line.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
            line = line[mark..];
            if (tooLong || !line.Span.Trim(" \t\r"u8).IsEmpty)
                Add(line.Span, reader.Offset + mark, reader.Number, tooLong);
        }

        return true;
    }

    /// <summary>What the first line is, where no layout fits: the names it has, for people.</summary>
    public string MembersOfFirst()
    {
        try
        {
            using var document = JsonDocument.Parse(Lines.Count > 0 ? BytesOf(Lines[0]) : default);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return "a row that is no JSON object";
            string[] names = [.. document.RootElement.EnumerateObject().Select(member => member.Name.Length > 40 ? member.Name[..40] : member.Name).Take(MostMembers)];
            return names.Length > 0 ? $"the members {string.Join(", ", names)}" : "a row without members";
        }
        catch (JsonException)
        {
            return "a row that is not JSON";
        }
    }

    private void Add(ReadOnlySpan<byte> line, long offset, long number, bool tooLong)
    {
        if (_used + line.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _used + line.Length));
        line.CopyTo(_bytes.AsSpan(_used));
        Lines.Add(new BatchLine(_used, line.Length, offset, number, tooLong));
        _used += line.Length;
    }
}

/// <summary>A line of a batch.</summary>
internal readonly record struct BatchLine(int Start, int Length, long Offset, long Number, bool TooLong);
