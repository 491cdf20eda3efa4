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
        float[]? factors = norm is null ? null : source.ReadSingles(norm);
        TensorReader[] readers = [.. matrices.Select(source.Reader)];
        try
        {
            return PackedMatrix.Pack(outputs, inputs, (output, weights) =>
            {
                int row = rowOf(output);
                if (row < 0)
                {
                    weights.Clear();
                    return;
                }

                int matrix = 0;
                while (row >= readers[matrix].Count / inputs)
                {
                    row -= (int)(readers[matrix++].Count / inputs);
                }

                readers[matrix].Read((long)row * inputs, weights);
                adapters?.AddTo(matrices[matrix], row, weights);
                for (int i = 0; factors is not null && i < weights.Length; i++)
                {
                    weights[i] *= factors[i];
                }
            }, int8);
        }
        finally
        {
            foreach (TensorReader reader in readers)
            {
                reader.Dispose();
            }
        }
    }

    private int RowsOf(string matrix) => (int)source.Find(matrix)!.Shape[0];
}
