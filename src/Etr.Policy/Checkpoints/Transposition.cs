using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Etr.Policy.Checkpoints;

/// <summary>Turns rows into columns, a cache line of each at a time.</summary>
internal static unsafe class Transposition
{
    private const int Line = 16;

    /// <summary>to[c · stride + r] = from[r · columns + c] · factors[c].</summary>
    /// <param name="from">[rows, columns].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="factors">[columns]; null for ones.</param>
    /// <param name="to">First element of what the rows become.</param>
    /// <param name="stride">Elements between two columns there, at least <paramref name="rows"/>.</param>
    public static void Turn(float* from, int rows, int columns, float* factors, float* to, long stride)
    {
        for (int start = 0; start < columns; start += Line)
        {
            int end = Math.Min(columns, start + Line);
            int whole = start + (end - start) / 4 * 4;
            int r = 0;
            for (; r + 4 <= rows; r += 4)
            {
                for (int c = start; c < whole; c += 4)
                    TurnFour(from + (long)r * columns + c, columns, factors is null ? Vector128<float>.One : Vector128.Load(factors + c), to + c * stride + r, stride);
            }

            TurnRest(from, 0, r, whole, end, columns, factors, to, stride);
            TurnRest(from, r, rows, start, end, columns, factors, to, stride);
        }
    }

    // Without a loop of its own it would run in its first quick form for as long as a model loads.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TurnFour(float* from, long columns, Vector128<float> factors, float* to, long stride)
    {
        Vector128<float> a = Vector128.Load(from) * factors;
        Vector128<float> b = Vector128.Load(from + columns) * factors;
        Vector128<float> c = Vector128.Load(from + 2 * columns) * factors;
        Vector128<float> d = Vector128.Load(from + 3 * columns) * factors;
        // Pairs of a and b, and of c and d, first of columns 0 and 1, then of 2 and 3.
        (Vector128<float> abLow, Vector128<float> abHigh) = Interleave(a, b);
        (Vector128<float> cdLow, Vector128<float> cdHigh) = Interleave(c, d);
        Vector128.Create(abLow.GetLower(), cdLow.GetLower()).Store(to);
        Vector128.Create(abLow.GetUpper(), cdLow.GetUpper()).Store(to + stride);
        Vector128.Create(abHigh.GetLower(), cdHigh.GetLower()).Store(to + 2 * stride);
        Vector128.Create(abHigh.GetUpper(), cdHigh.GetUpper()).Store(to + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Interleave(Vector128<float> one, Vector128<float> other)
    {
        Vector256<float> both = Vector256.Shuffle(Vector256.Create(one, other), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7));
        return (both.GetLower(), both.GetUpper());
    }

    private static void TurnRest(float* from, int firstRow, int endRow, int firstColumn, int endColumn, long columns, float* factors, float* to, long stride)
    {
        for (int r = firstRow; r < endRow; r++)
        {
            for (int c = firstColumn; c < endColumn; c++)
                to[c * stride + r] = from[r * columns + c] * (factors is null ? 1 : factors[c]);
        }
    }
}
