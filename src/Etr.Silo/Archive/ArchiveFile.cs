using Etr.Core.Prompts;
using Etr.Silo.Datasets;
using Parquet;
using Parquet.Schema;

namespace Etr.Silo.Archive;

/// <summary>
/// A file of an archive's part that is read by rows, with only the columns that are asked for. What it says of its sizes is checked before
/// memory is taken for any of it. It is read on the thread that calls, and throws whatever a broken file leads the library to.
/// </summary>
internal sealed class ArchiveFile : IDisposable
{
    private const long MostBytes = 2L << 30;
    private const long MostColumnBytes = 64 << 20;

    private readonly PromptSource _source;
    private readonly OnThreadStream _stream;
    private readonly ParquetReader _reader;

    private ArchiveFile(PromptSource source, OnThreadStream stream, ParquetReader reader) => (_source, _stream, _reader) = (source, stream, reader);

    /// <summary>Rows of the file.</summary>
    public long Rows { get; private init; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mostRows">Rows that it has at most.</param>
    /// <exception cref="InvalidDataException">It is larger than it may be.</exception>
    /// <exception cref="PromptFileException">It is not a whole Parquet file.</exception>
    public static ArchiveFile Open(string path, long mostRows)
    {
        // The file is the stream's, and the stream is whoever's holds this.
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        var stream = new OnThreadStream(file);
        try
        {
            if (file.Length > MostBytes)
                throw new InvalidDataException($"it has {file.Length} bytes; at most {MostBytes} are read");
            var source = new PromptSource(path, file.SafeFileHandle);
            ParquetCheck.Footer(source);
            ParquetReader reader = ParquetReader.CreateAsync(stream, leaveStreamOpen: true).GetAwaiter().GetResult();
            Parquet.Meta.FileMetaData metadata = reader.Metadata ?? throw new InvalidDataException("it has no footer");
            ParquetCheck.Rows(source, metadata);
            long rows = metadata.RowGroups.Sum(group => group.NumRows);
            return rows <= mostRows ? new ArchiveFile(source, stream, reader) { Rows = rows } : throw new InvalidDataException($"it has {rows} rows; at most {mostRows} are read");
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads rows in order.</summary>
    /// <param name="columns">The columns, of plain values or of lists of them.</param>
    /// <param name="from">The first row, from 0. Row groups before it are not read.</param>
    /// <param name="to">The last row. Row groups after it are not read.</param>
    /// <param name="read">
    /// Takes a row: the columns in the order asked for, each at its entry; a list's further elements are stepped to, or left.
    /// </param>
    /// <param name="cancellationToken">Ends the reading between two rows.</param>
    /// <exception cref="InvalidDataException">A column is not there, or larger than it may be.</exception>
    public void Read(IReadOnlyList<string> columns, long from, long to, Action<ParquetColumn[]> read, CancellationToken cancellationToken)
    {
        DataField[] fields = [.. columns.Select(FieldOf)];
        long first = 0;
        for (int index = 0; index < _reader.RowGroupCount && first <= to; index++)
        {
            using ParquetRowGroupReader group = _reader.OpenRowGroupReader(index);
            if (first + group.RowCount > from)
                ReadGroup(group, fields, from - first, to - first, read, cancellationToken);
            first += group.RowCount;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _stream.Dispose();
    }

    private void ReadGroup(ParquetRowGroupReader group, DataField[] fields, long from, long to, Action<ParquetColumn[]> read, CancellationToken cancellationToken)
    {
        var columns = new List<ParquetColumn>(fields.Length);
        try
        {
            foreach (DataField field in fields)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Parquet.Meta.ColumnChunk? chunk = group.GetMetadata(field);
                ParquetCheck.Column(_source, chunk, group.RowCount, MostColumnBytes);
                columns.Add(ParquetColumn.ReadAsync(group, field, chunk!.MetaData!.NumValues, CancellationToken.None).GetAwaiter().GetResult());
            }

            ParquetColumn[] row = [.. columns];
            for (long i = 0; i < group.RowCount && i <= to; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                foreach (ParquetColumn column in row)
                {
                    while (i > 0 && column.Continues)
                        column.Next();
                    column.Next();
                }

                if (i >= from)
                    read(row);
            }
        }
        finally
        {
            columns.ForEach(column => column.Dispose());
        }
    }

    private DataField FieldOf(string name) => _reader.Schema.Fields.FirstOrDefault(field => field.Name == name) switch
    {
        DataField leaf when ParquetColumn.CanWrite(leaf) => leaf,
        ListField { Item: DataField item } when ParquetColumn.CanWrite(item) => item,
        _ => throw new InvalidDataException($"it has no column {name} that can be read"),
    };
}
