using System.Text.Json;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Etr.Silo.Datasets;

/// <summary>A column of a row group, read from the first row to the last: values, and the levels that say where there is none.</summary>
internal sealed class ParquetColumn : IDisposable
{
    private readonly DataField _field;
    private readonly RawColumnData _data;
    private readonly int _entries;
    private int _entry = -1;
    private int _value = -1;

    private ParquetColumn(DataField field, RawColumnData data, long entries) => (_field, _data, _entries) = (field, data, checked((int)entries));

    /// <summary>Whether values of a type can be written as JSON.</summary>
    public static bool CanWrite(DataField field) => field.MaxRepetitionLevel <= 1 && (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>)
        || field.ClrType == typeof(long) || field.ClrType == typeof(int) || field.ClrType == typeof(short) || field.ClrType == typeof(sbyte) || field.ClrType == typeof(byte)
        || field.ClrType == typeof(ushort) || field.ClrType == typeof(uint) || field.ClrType == typeof(ulong)
        || field.ClrType == typeof(double) || field.ClrType == typeof(float) || field.ClrType == typeof(bool));

    /// <summary>Reads it.</summary>
    public static async Task<ParquetColumn> ReadAsync(ParquetRowGroupReader group, DataField field, long entries, CancellationToken cancellationToken) =>
        new(field, await group.ReadRawColumnDataBaseAsync(field, cancellationToken), entries);

    /// <summary>How much of the path to the entry is there.</summary>
    public int Definition => _field.MaxDefinitionLevel == 0 ? 0 : _data.DefinitionLevels[_entry];

    /// <summary>Whether the entry has a value.</summary>
    public bool HasValue => Definition == _field.MaxDefinitionLevel;

    /// <summary>Goes to the next entry: the next row, or the next element of a row's list.</summary>
    public void Next()
    {
        _entry = _entry + 1 < _entries ? _entry + 1 : throw new InvalidDataException($"column {_field.Name} ends before its rows do");
        if (HasValue)
            _value++;
    }

    /// <summary>Whether the next entry is another element of this row's list.</summary>
    public bool Continues => _field.MaxRepetitionLevel > 0 && _entry + 1 < _entries && _data.RepetitionLevels[_entry + 1] > 0;

    /// <summary>Writes the entry's value, or null.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (!HasValue)
        {
            writer.WriteNullValue();
            return;
        }

        switch (_data)
        {
            case RawColumnData<ReadOnlyMemory<char>> texts:
                writer.WriteStringValue(texts.Values[_value].Span);
                break;
            case RawColumnData<bool> flags:
                writer.WriteBooleanValue(flags.Values[_value]);
                break;
            case RawColumnData<double> reals:
                WriteReal(writer, reals.Values[_value]);
                break;
            case RawColumnData<float> singles:
                WriteReal(writer, singles.Values[_value]);
                break;
            case RawColumnData<ulong> large:
                writer.WriteNumberValue(large.Values[_value]);
                break;
            default:
                writer.WriteNumberValue(Whole());
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();

    /// <summary>The entry's value, a fraction.</summary>
    /// <exception cref="InvalidDataException">The column holds something else.</exception>
    public double Real() => _data is RawColumnData<double> numbers ? numbers.Values[_value] : throw Unfit();

    /// <summary>The entry's value, a text.</summary>
    /// <exception cref="InvalidDataException">The column holds something else.</exception>
    public ReadOnlySpan<char> Text() => _data is RawColumnData<ReadOnlyMemory<char>> texts ? texts.Values[_value].Span : throw Unfit();

    /// <summary>The entry's value, a whole number.</summary>
    /// <exception cref="InvalidDataException">The column holds something else.</exception>
    public long Whole() => _data switch
    {
        RawColumnData<long> numbers => numbers.Values[_value],
        RawColumnData<int> numbers => numbers.Values[_value],
        RawColumnData<short> numbers => numbers.Values[_value],
        RawColumnData<sbyte> numbers => numbers.Values[_value],
        RawColumnData<byte> numbers => numbers.Values[_value],
        RawColumnData<ushort> numbers => numbers.Values[_value],
        RawColumnData<uint> numbers => numbers.Values[_value],
        _ => throw Unfit(),
    };

    private InvalidDataException Unfit() => new($"column {_field.Name} holds {_data.GetType()}");

    // JSON has no word for what is no number.
    private static void WriteReal(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
            writer.WriteNumberValue(value);
        else
            writer.WriteNullValue();
    }
}
