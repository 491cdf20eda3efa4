using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Prompts;

/// <summary>Reads lines of UTF-8 bytes of bounded length; of a longer one it keeps nothing but that it was there.</summary>
internal sealed class LineReader(SafeFileHandle file, int maxLineBytes)
{
    private readonly byte[] _chunk = new byte[256 * 1024];
    private byte[] _line = new byte[1024];
    private long _read;
    private int _start;
    private int _end;

    /// <summary>Number of the line read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Where the line read last begins, in bytes from the beginning of the file.</summary>
    public long Offset { get; private set; }

    /// <summary>Reads the next line.</summary>
    /// <param name="line">Its bytes without the line end, valid until the next call; empty where it is too long.</param>
    /// <param name="tooLong">True if it is longer than the bound.</param>
    /// <returns>False at the end of the file.</returns>
    public bool TryRead(out ReadOnlyMemory<byte> line, out bool tooLong)
    {
        var length = 0;
        var any = tooLong = false;
        Offset = _read - (_end - _start);
        while (_start < _end || Fill())
        {
            any = true;
            var rest = _chunk.AsSpan(_start, _end - _start);
            var newline = rest.IndexOf((byte)'\n');
            var part = newline < 0 ? rest : rest[..newline];
            tooLong |= length + part.Length > maxLineBytes;
            if (newline >= 0 && length == 0 && !tooLong)
            {
                // The whole line is in the chunk: no copy.
                line = _chunk.AsMemory(_start, newline);
                _start += newline + 1;
                Number++;
                return true;
            }

            if (!tooLong)
                length = Keep(part, length);
            _start += newline < 0 ? rest.Length : newline + 1;
            if (newline >= 0)
                break;
        }

        if (any)
            Number++;
        line = tooLong ? default : _line.AsMemory(0, length);
        return any;
    }

    private bool Fill()
    {
        _start = 0;
        _end = RandomAccess.Read(file, _chunk, _read);
        _read += _end;
        return _end > 0;
    }

    private int Keep(ReadOnlySpan<byte> part, int length)
    {
        if (length + part.Length > _line.Length)
            Array.Resize(ref _line, Math.Max(length + part.Length, Math.Min(2 * _line.Length, maxLineBytes)));
        part.CopyTo(_line.AsSpan(length));
        return length + part.Length;
    }
}
