using Microsoft.Win32.SafeHandles;

namespace Etr.Silo.Datasets;

/// <summary>
/// The page headers of one column, read by their sizes alone, in Thrift's compact protocol: a library would take memory for whatever
/// size a header names. Field numbers are those of parquet-format's PageHeader.
/// </summary>
internal sealed class ParquetPages(SafeFileHandle file, long start, long end)
{
    // Statistics in a header may hold a value each way, and those are whole texts.
    private const int MostHeaderBytes = 1 << 20;
    private const int FirstRead = 512;
    private const int Deepest = 8;

    private byte[] _header = new byte[FirstRead];
    private int _length;
    private int _at;

    /// <summary>Checks every header between start and end.</summary>
    /// <param name="values">Values that the footer gives the column.</param>
    /// <param name="mostBytes">Most unpacked bytes of all pages together.</param>
    /// <exception cref="InvalidDataException">A header can't be read, or names more.</exception>
    public void Check(long values, long mostBytes)
    {
        long position = start;
        long bytes = 0;
        long found = 0;
        while (position < end && found < values)
        {
            PageSizes page = Read(position);
            bytes += page.Unpacked;
            if (page.Unpacked < 0 || page.Packed < 0 || page.Values < 0 || bytes > mostBytes)
                throw new InvalidDataException($"its pages have more than {mostBytes} bytes unpacked");
            if (page.Values > values)
                throw new InvalidDataException($"a page has {page.Values} values, the column {values}");
            found += page.IsDictionary ? 0 : page.Values;
            position += _at + page.Packed;
            if (position > end)
                throw new InvalidDataException("a page goes beyond its column");
        }

        if (found < values)
            throw new InvalidDataException($"its pages have {found} values where the footer gives {values}");
    }

    private PageSizes Read(long position)
    {
        for (int size = FirstRead; ; size = Math.Min(4 * size, MostHeaderBytes))
        {
            if (_header.Length < size)
                _header = new byte[size];
            _length = RandomAccess.Read(file, _header.AsSpan(0, (int)Math.Min(size, end - position)), position);
            _at = 0;
            try
            {
                return ReadHeader();
            }
            catch (EndOfStreamException) when (size < MostHeaderBytes && position + _length < end)
            {
                // Longer than what was read of it: again, with more.
            }
            catch (EndOfStreamException e)
            {
                throw new InvalidDataException("a page header is cut off or longer than any", e);
            }
        }
    }

    private PageSizes ReadHeader()
    {
        var page = new PageSizes();
        for (int field = 0; NextField(ref field) is { } type && type != 0;)
        {
            switch (field)
            {
                case 2:
                    page = page with { Unpacked = Number() };
                    break;
                case 3:
                    page = page with { Packed = Number() };
                    break;
                case 5 or 7 or 8:
                    page = page with { Values = FirstOfStruct(), IsDictionary = field == 7 };
                    break;
                default:
                    Skip(type, 0);
                    break;
            }
        }

        return page;
    }

    // num_values is the first field of all three kinds of page.
    private long FirstOfStruct()
    {
        long first = -1;
        for (int field = 0; NextField(ref field) is { } type && type != 0;)
        {
            if (field == 1)
                first = Number();
            else
                Skip(type, 1);
        }

        return first;
    }

    private int NextField(ref int field)
    {
        int head = Byte();
        if (head == 0)
            return 0;
        field = head >> 4 is int step and not 0 ? field + step : (int)Number();
        return head & 15;
    }

    private void Skip(int type, int depth)
    {
        if (depth > Deepest)
            throw new InvalidDataException("a page header is nested too deeply");
        switch (type)
        {
            case 1 or 2: // true, false: the value is in the type
                break;
            case 3:
                Byte();
                break;
            case 4 or 5 or 6:
                Varint();
                break;
            case 7:
                Advance(8);
                break;
            case 8:
                Advance(Varint());
                break;
            case 9 or 10:
                int head = Byte();
                ulong count = head >> 4 == 15 ? Varint() : (ulong)(head >> 4);
                for (ulong i = 0; i < count; i++)
                    SkipItem(head & 15, depth);
                break;
            case 12:
                for (int field = 0; NextField(ref field) is { } inner && inner != 0;)
                    Skip(inner, depth + 1);
                break;
            default:
                throw new InvalidDataException($"a page header has a field of type {type}");
        }
    }

    // A truth value in a list has a byte of its own.
    private void SkipItem(int type, int depth)
    {
        if (type is 1 or 2)
            Byte();
        else
            Skip(type, depth + 1);
    }

    private long Number()
    {
        ulong zigzag = Varint();
        return (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int part = Byte();
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
                return value;
        }

        throw new InvalidDataException("a page header has a number without an end");
    }

    private int Byte() => _at < _length ? _header[_at++] : throw new EndOfStreamException();

    private void Advance(ulong bytes)
    {
        if (bytes > (ulong)(_length - _at))
            throw bytes > MostHeaderBytes ? new InvalidDataException("a page header has a text longer than any") : new EndOfStreamException();
        _at += (int)bytes;
    }

    private readonly record struct PageSizes(long Unpacked, long Packed, long Values, bool IsDictionary);
}
