using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Etr.Core.Prompts;
using Microsoft.Win32.SafeHandles;
using Parquet;
using Parquet.Schema;

namespace Etr.Silo.Datasets;

/// <summary>
/// Writes the rows of a Parquet file as JSON lines into a temporary file without a name, a row group at a time, with only the columns that
/// are looked at.
/// </summary>
internal sealed class ParquetRows : IDisposable
{
    private const int Flush = 1 << 20;
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly PromptSource _source;
    private readonly SafeFileHandle _into;
    private readonly ArrayBufferWriter<byte> _buffer = new(2 * Flush);
    private readonly Utf8JsonWriter _writer;
    private long _written;

    private ParquetRows(PromptSource source, SafeFileHandle into)
    {
        (_source, _into) = (source, into);
        _writer = new Utf8JsonWriter(_buffer, Options);
    }

    /// <summary>Unpacks a file.</summary>
    /// <param name="source">The file; its name stays that of what is answered.</param>
    /// <param name="members">Members beside those of the known layouts that are looked at.</param>
    /// <param name="cancellationToken">Ends the work between two row groups.</param>
    /// <exception cref="PromptFileException">The file can't be read, or says that it is larger than is read.</exception>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "the library throws whatever a broken file leads it to")]
    public static PromptSource Unpack(PromptSource source, IReadOnlyCollection<string> members, CancellationToken cancellationToken)
    {
        ParquetCheck.Footer(source);
        SafeFileHandle into = Nameless();
        try
        {
            using var rows = new ParquetRows(source, into);
            rows.RunAsync([.. PromptMembers.All, .. members], cancellationToken).GetAwaiter().GetResult();
            return source with { Handle = into };
        }
        catch (Exception e)
        {
            into.Dispose();
            if (e is PromptFileException or OperationCanceledException)
                throw;
            throw ParquetCheck.Fault(source, $"it can't be read as Parquet: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    // The name goes at once and the bytes with the last handle, so that no crash leaves them.
    private static SafeFileHandle Nameless()
    {
        string path = Path.Combine(Path.GetTempPath(), $"etr-{Guid.NewGuid():N}.jsonl");
        SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None);
        File.Delete(path);
        return handle;
    }

    private async Task RunAsync(IReadOnlyList<string> members, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(_source.Path, FileMode.Open, FileAccess.Read, FileShare.Read);
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream, leaveStreamOpen: true, cancellationToken: cancellationToken);
        ParquetCheck.Rows(_source, reader.Metadata ?? throw ParquetCheck.Fault(_source, "it has no footer"));
        Field[] fields = [.. reader.Schema.Fields.Where(field => members.Contains(field.Name, StringComparer.OrdinalIgnoreCase)).Where(HasLeaf)];
        if (fields.Length == 0)
            throw ParquetCheck.Fault(_source, $"it has none of the columns that are looked at, but {string.Join(", ", reader.Schema.Fields.Take(20).Select(field => field.Name))}: name columns with Etr:Dataset:Prompt and Etr:Dataset:Answer");
        for (int index = 0; index < reader.RowGroupCount; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(index);
            await WriteGroupAsync(group, fields, cancellationToken);
        }

        Empty();
    }

    private async Task WriteGroupAsync(ParquetRowGroupReader group, Field[] fields, CancellationToken cancellationToken)
    {
        var columns = new Dictionary<DataField, ParquetColumn>(ReferenceEqualityComparer.Instance);
        try
        {
            foreach (DataField leaf in fields.SelectMany(Leaves))
            {
                Parquet.Meta.ColumnChunk? chunk = group.GetMetadata(leaf);
                ParquetCheck.Column(_source, chunk, group.RowCount);
                columns[leaf] = await ParquetColumn.ReadAsync(group, leaf, chunk!.MetaData!.NumValues, cancellationToken);
            }

            for (long row = 0; row < group.RowCount; row++)
                WriteRow(fields, columns);
        }
        finally
        {
            foreach (ParquetColumn column in columns.Values)
                column.Dispose();
        }
    }

    private void WriteRow(Field[] fields, Dictionary<DataField, ParquetColumn> columns)
    {
        foreach (ParquetColumn column in columns.Values)
            column.Next();
        _writer.WriteStartObject();
        foreach (Field field in fields)
        {
            _writer.WritePropertyName(field.Name);
            Write(field, columns);
        }

        _writer.WriteEndObject();
        _writer.Flush();
        _writer.Reset();
        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount >= Flush)
            Empty();
    }

    private void Write(Field field, Dictionary<DataField, ParquetColumn> columns)
    {
        switch (field)
        {
            case DataField leaf when leaf.MaxRepetitionLevel == 0:
                columns[leaf].Write(_writer);
                break;
            case ListField list:
                WriteList(list.Item, list.MaxDefinitionLevel, columns);
                break;
            case DataField repeated:
                WriteList(repeated, repeated.MaxDefinitionLevel, columns);
                break;
            case StructField group:
                WriteStruct(group, columns);
                break;
        }
    }

    private void WriteList(Field item, int least, Dictionary<DataField, ParquetColumn> columns)
    {
        ParquetColumn[] leaves = [.. Leaves(item).Select(leaf => columns[leaf])];
        _writer.WriteStartArray();
        if (leaves[0].Definition >= least)
        {
            for (bool more = true; more;)
            {
                if (item is StructField group)
                    WriteStruct(group, columns);
                else
                    leaves[0].Write(_writer);
                more = leaves[0].Continues;
                foreach (ParquetColumn leaf in more ? leaves : [])
                    leaf.Next();
            }
        }

        _writer.WriteEndArray();
    }

    private void WriteStruct(StructField group, Dictionary<DataField, ParquetColumn> columns)
    {
        if (columns[Leaves(group).First()].Definition < group.MaxDefinitionLevel)
        {
            _writer.WriteNullValue();
            return;
        }

        _writer.WriteStartObject();
        foreach (Field field in group.Fields.Where(HasLeaf))
        {
            _writer.WritePropertyName(field.Name);
            if (field is DataField leaf)
                columns[leaf].Write(_writer);
            else
                Write(field, columns);
        }

        _writer.WriteEndObject();
    }

    // Maps, nested lists, dates and bytes are not looked at by anyone.
    private static IEnumerable<DataField> Leaves(Field field) => field switch
    {
        DataField leaf when ParquetColumn.CanWrite(leaf) => [leaf],
        StructField group => group.Fields.SelectMany(Leaves),
        ListField list => Leaves(list.Item),
        _ => [],
    };

    private static bool HasLeaf(Field field) => Leaves(field).Any();

    private void Empty()
    {
        RandomAccess.Write(_into, _buffer.WrittenSpan, _written);
        _written += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
    }
}
