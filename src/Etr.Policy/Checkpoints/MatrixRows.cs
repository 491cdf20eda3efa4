namespace Etr.Policy.Checkpoints;

/// <summary>Rows of a few matrices below one another, read out of a model's files as fp32. One thread's; open one for each.</summary>
internal sealed class MatrixRows : IDisposable
{
    private readonly IReadOnlyList<string> _matrices;
    private readonly TensorReader[] _readers;
    private readonly int _columns;
    private readonly Func<int, int>? _rowOf;
    private readonly Action<string, int, Memory<float>>? _change;

    /// <param name="source">The files.</param>
    /// <param name="matrices">Names of the matrices; [rows, columns] each.</param>
    /// <param name="columns">Columns of each.</param>
    /// <param name="rowOf">Which row of the matrices below one another each row here is; −1 for zeroes. Null for all as they come.</param>
    /// <param name="change">Given a matrix, a row of it and its values, which it may change; null for nobody.</param>
    public MatrixRows(WeightFiles source, IReadOnlyList<string> matrices, int columns, Func<int, int>? rowOf = null, Action<string, int, Memory<float>>? change = null)
    {
        (_matrices, _columns, _rowOf, _change) = (matrices, columns, rowOf, change);
        _readers = [.. matrices.Select(source.Reader)];
    }

    /// <summary>Reads a row.</summary>
    /// <param name="row">Which.</param>
    /// <param name="values">Receives it.</param>
    public void Read(int row, Memory<float> values)
    {
        int at = _rowOf is null ? row : _rowOf(row);
        if (at < 0)
        {
            values.Span.Clear();
            return;
        }

        int matrix = 0;
        while (at >= _readers[matrix].Count / _columns)
            at -= (int)(_readers[matrix++].Count / _columns);
        _readers[matrix].Read((long)at * _columns, values.Span);
        _change?.Invoke(_matrices[matrix], at, values);
    }

    public void Dispose()
    {
        foreach (TensorReader reader in _readers)
            reader.Dispose();
    }
}
