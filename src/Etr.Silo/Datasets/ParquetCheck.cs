using System.Buffers.Binary;
using Etr.Core.Prompts;
using Microsoft.Win32.SafeHandles;
using Parquet.Meta;

namespace Etr.Silo.Datasets;

/// <summary>What a Parquet file says of its sizes, checked before memory is taken for any of it.</summary>
internal static class ParquetCheck
{
    private const int MarkLength = 4;
    private const int TailLength = 8;
    private const int MostFooterBytes = 64 << 20;
    private const long MostRows = 100_000_000;
    private const long MostGroupRows = 2_000_000;
    private const long MostValues = 16_000_000;
    private const long MostColumnBytes = 1L << 30;

    private static ReadOnlySpan<byte> Mark => "PAR1"u8;

    /// <summary>Whether a file begins as Parquet does.</summary>
    public static bool IsParquet(SafeFileHandle file)
    {
        Span<byte> start = stackalloc byte[MarkLength];
        return RandomAccess.Read(file, start, 0) == start.Length && start.SequenceEqual(Mark);
    }

    /// <summary>Checks the end of a file, where its footer's length stands.</summary>
    /// <exception cref="PromptFileException">It is cut off, or the footer is longer than any.</exception>
    public static void Footer(PromptSource source)
    {
        long length = RandomAccess.GetLength(source.Handle);
        Span<byte> tail = stackalloc byte[TailLength];
        if (length < MarkLength + TailLength || RandomAccess.Read(source.Handle, tail, length - TailLength) != TailLength || !tail[MarkLength..].SequenceEqual(Mark))
            throw Fault(source, "it does not end as a Parquet file does: it is cut off, or its footer is encrypted");
        int footer = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (footer <= 0 || footer > MostFooterBytes || footer > length - MarkLength - TailLength)
            throw Fault(source, $"its footer has {footer} bytes; at most {MostFooterBytes} are read, and no more than the file has");
    }

    /// <summary>Checks what the footer says of rows.</summary>
    /// <exception cref="PromptFileException">There are more than are read.</exception>
    public static void Rows(PromptSource source, FileMetaData metadata)
    {
        if (metadata.EncryptionAlgorithm is not null)
            throw Fault(source, "it is encrypted");
        long rows = 0;
        foreach (RowGroup group in metadata.RowGroups)
        {
            if (group.NumRows is < 0 or > MostGroupRows)
                throw Fault(source, $"a row group has {group.NumRows} rows; at most {MostGroupRows} are read: write it again with smaller row groups");
            rows += group.NumRows;
        }

        if (rows > MostRows)
            throw Fault(source, $"it has {rows} rows; at most {MostRows} are read");
    }

    /// <summary>Checks a column of a row group, with the headers of all its pages.</summary>
    /// <param name="source">The file.</param>
    /// <param name="chunk">What its footer says of the column.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="mostBytes">Most unpacked bytes of the column there.</param>
    /// <exception cref="PromptFileException">It is larger than is read, or its pages say other things than the footer.</exception>
    public static void Column(PromptSource source, ColumnChunk? chunk, long rows, long mostBytes = MostColumnBytes)
    {
        if (chunk?.MetaData is not { } column)
            throw Fault(source, "a column of a row group has no description");
        string name = string.Join('.', column.PathInSchema);
        if (chunk.FilePath is not null)
            throw Fault(source, $"column {name} is in another file");
        if (column.NumValues < rows || column.NumValues > MostValues)
            throw Fault(source, $"column {name} of a row group has {column.NumValues} values in {rows} rows; at most {MostValues} are read");
        if (column.TotalUncompressedSize < 0 || column.TotalUncompressedSize > mostBytes)
            throw Fault(source, $"column {name} of a row group has {column.TotalUncompressedSize} bytes; at most {mostBytes} are read: write it again with smaller row groups");
        long start = column.DictionaryPageOffset is long dictionary && dictionary > 0 ? Math.Min(dictionary, column.DataPageOffset) : column.DataPageOffset;
        if (start < MarkLength || column.TotalCompressedSize < 0 || start > RandomAccess.GetLength(source.Handle) - column.TotalCompressedSize)
            throw Fault(source, $"column {name} of a row group lies outside the file");
        try
        {
            new ParquetPages(source.Handle, start, start + column.TotalCompressedSize).Check(column.NumValues, mostBytes);
        }
        catch (InvalidDataException e)
        {
            throw Fault(source, $"column {name}: {e.Message}");
        }
    }

    /// <summary>A refusal that names the file.</summary>
    public static PromptFileException Fault(PromptSource source, string what) => new($"{source.Path}: {what}");
}
