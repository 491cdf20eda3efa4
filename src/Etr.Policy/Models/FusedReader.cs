using Etr.Policy.Checkpoints;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// Reads a model's matrices turned, each row of the files once and straight to its place. Tensors are made where they are asked for and
/// filled together: the threads that fill touch memory and no tensor.
/// </summary>
internal sealed unsafe class FusedReader(WeightFiles source)
{
    // Rows that are turned together: a few cache lines of each column.
    private const int Rows = 64;

    private readonly List<Matrix> _matrices = [];

    /// <summary>A tensor as it is, fp32; the caller's scope's.</summary>
    public torch.Tensor Single(string name) => source.ReadSingle(name);

    /// <summary>A tensor for matrices below one another, turned: [columns, rows]; the caller's scope's.</summary>
    /// <param name="matrices">Their names.</param>
    /// <param name="norm">The norm whose weights are multiplied into their columns; null for none.</param>
    /// <param name="rowOf">Which row each is; null for all as they come.</param>
    public torch.Tensor Turned(IReadOnlyList<string> matrices, string? norm, Func<int, int>? rowOf = null)
    {
        int rows = (int)matrices.Sum(name => source.Of(name).Entry.Shape[0]);
        int columns = (int)source.Of(matrices[0]).Entry.Shape[1];
        torch.Tensor tensor = torch.empty([columns, rows]);
        _matrices.Add(new Matrix(matrices, rows, columns, norm is null ? [] : source.ReadSingles(norm), rowOf, (nint)TensorMemory.AddressOf(tensor)));
        return tensor;
    }

    /// <summary>Fills all matrices that were asked for.</summary>
    public void Fill()
    {
        // Largest first, so that no thread is left with a long last one.
        (Matrix Matrix, int First)[] pieces = [.. _matrices.SelectMany(matrix => matrix.Pieces(PieceRows)).OrderByDescending(piece => (long)piece.Matrix.Rows * piece.Matrix.Columns)];
        LoadingThreads.Run(pieces.Length, piece => Fill(pieces[piece].Matrix, pieces[piece].First));
        _matrices.Clear();
    }

    private static int PieceRows(int columns) => Math.Max(Rows, (1 << 20) / columns / Rows * Rows);

    private void Fill(Matrix matrix, int first)
    {
        using var rows = new MatrixRows(source, matrix.Names, matrix.Columns, matrix.RowOf);
        int end = Math.Min(matrix.Rows, first + PieceRows(matrix.Columns));
        var values = new float[Math.Min(Rows, end - first) * matrix.Columns];
        for (int start = first; start < end; start += Rows)
        {
            int count = Math.Min(Rows, end - start);
            for (int row = 0; row < count; row++)
                rows.Read(start + row, values.AsMemory(row * matrix.Columns, matrix.Columns));
            fixed (float* from = values, factors = matrix.Factors)
                Transposition.Turn(from, count, matrix.Columns, factors, (float*)matrix.Address + start, matrix.Rows);
        }
    }

    private sealed record Matrix(IReadOnlyList<string> Names, int Rows, int Columns, float[] Factors, Func<int, int>? RowOf, nint Address)
    {
        public IEnumerable<(Matrix Matrix, int First)> Pieces(Func<int, int> rowsOf)
        {
            int step = rowsOf(Columns);
            for (int first = 0; first < Rows; first += step)
                yield return (this, first);
        }
    }
}
