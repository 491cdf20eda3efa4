using Etr.Policy.Checkpoints;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>Packs matrices out of a model's files row by row, so that nothing but the packed weights is ever held whole.</summary>
/// <param name="source">The files.</param>
/// <param name="int8">Whether to keep a byte a weight.</param>
/// <param name="adapters">Adapters to add in; null for none.</param>
internal sealed class WeightRows(WeightFiles source, bool int8, RowAdapters? adapters = null)
{
    /// <summary>Packs matrices below one another.</summary>
    /// <param name="matrices">Their names; [rows, inputs] each.</param>
    /// <param name="inputs">Columns of each.</param>
    /// <param name="norm">Name of the norm whose weights are multiplied in, [inputs]; null for none.</param>
    public PackedMatrix Pack(IReadOnlyList<string> matrices, int inputs, string? norm) =>
        Pack(matrices, inputs, norm, matrices.Sum(RowsOf), row => row);

    /// <summary>Packs rows of matrices in an order of the caller's.</summary>
    /// <param name="matrices">Their names; [rows, inputs] each.</param>
    /// <param name="inputs">Columns of each.</param>
    /// <param name="norm">Name of the norm whose weights are multiplied in, [inputs]; null for none.</param>
    /// <param name="outputs">Rows to pack.</param>
    /// <param name="rowOf">Which row of the matrices below one another each is; −1 for zeroes.</param>
    public PackedMatrix Pack(IReadOnlyList<string> matrices, int inputs, string? norm, int outputs, Func<int, int> rowOf)
    {
        float[] factors = norm is null ? [] : source.ReadSingles(norm);
        Action<string, int, Memory<float>>? change = adapters is null ? null : (matrix, row, values) => adapters.AddTo(matrix, row, values.Span);
        return PackedMatrix.Pack(outputs, inputs, () => new MatrixRows(source, matrices, inputs, rowOf, change), factors, int8);
    }

    private int RowsOf(string matrix) => (int)source.Find(matrix)!.Shape[0];
}
