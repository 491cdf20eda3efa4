using System.Runtime.Intrinsics;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// Attention of one query over the pages of its sequence. The order of every sum is a function of the query's position alone.
/// </summary>
internal static unsafe class PagedAttention
{
    private const int Block = VectorMath.Lanes;
    private const int PagePositions = KeyValuePages.PagePositions;

    /// <summary>Writes a position's key and value into its page.</summary>
    public static void Append(float* keys, float* values, int position, float* key, float* value, int size)
    {
        int within = position % PagePositions;
        float* at = keys + within / Block * Block * size + within % Block;
        for (int d = 0; d < size; d++)
        {
            at[d * Block] = key[d];
        }

        float* to = values + within * VectorMath.Padded(size);
        Buffer.MemoryCopy(value, to, size * sizeof(float), size * sizeof(float));
    }

    /// <summary>Scores of one page's positions: query · key.</summary>
    /// <param name="query">The query, scaled.</param>
    /// <param name="keys">The page's keys.</param>
    /// <param name="size">Width of a head.</param>
    /// <param name="scores">Receives a score for each position of the page.</param>
    public static void Score(float* query, float* keys, int size, float* scores)
    {
        Vector512<float> first = Vector512<float>.Zero;
        Vector512<float> second = Vector512<float>.Zero;
        float* later = keys + Block * size;
        for (int d = 0; d < size; d++)
        {
            Vector512<float> q = Vector512.Create(query[d]);
            first = Vector512.FusedMultiplyAdd(Vector512.Load(keys + d * Block), q, first);
            second = Vector512.FusedMultiplyAdd(Vector512.Load(later + d * Block), q, second);
        }

        first.Store(scores);
        second.Store(scores + Block);
    }

    /// <summary>
    /// Adds one page's values by their weights to sums of even and of odd positions, kept apart so that additions overlap.
    /// </summary>
    /// <param name="weights">A weight a position.</param>
    /// <param name="values">The page's values.</param>
    /// <param name="count">Positions of the page that count, 1 to <see cref="PagePositions"/>.</param>
    /// <param name="padded">Floats of a value, a multiple of sixteen.</param>
    /// <param name="even">Sums over even positions.</param>
    /// <param name="odd">Sums over odd positions.</param>
    public static void Mix(float* weights, float* values, int count, int padded, float* even, float* odd)
    {
        int d = 0;
        for (; d + 2 * Block <= padded; d += 2 * Block)
        {
            MixTwo(weights, values + d, count, padded, even + d, odd + d);
        }

        for (; d < padded; d += Block)
        {
            MixOne(weights, values + d, count, padded, even + d, odd + d);
        }
    }

    private static void MixTwo(float* weights, float* values, int count, int padded, float* even, float* odd)
    {
        Vector512<float> e0 = Vector512.Load(even), e1 = Vector512.Load(even + Block), o0 = Vector512.Load(odd), o1 = Vector512.Load(odd + Block);
        int j = 0;
        for (; j + 2 <= count; j += 2, values += 2 * padded)
        {
            Vector512<float> w = Vector512.Create(weights[j]);
            e0 = Vector512.FusedMultiplyAdd(Vector512.Load(values), w, e0);
            e1 = Vector512.FusedMultiplyAdd(Vector512.Load(values + Block), w, e1);
            w = Vector512.Create(weights[j + 1]);
            o0 = Vector512.FusedMultiplyAdd(Vector512.Load(values + padded), w, o0);
            o1 = Vector512.FusedMultiplyAdd(Vector512.Load(values + padded + Block), w, o1);
        }

        if (j < count)
        {
            Vector512<float> w = Vector512.Create(weights[j]);
            e0 = Vector512.FusedMultiplyAdd(Vector512.Load(values), w, e0);
            e1 = Vector512.FusedMultiplyAdd(Vector512.Load(values + Block), w, e1);
        }

        e0.Store(even);
        e1.Store(even + Block);
        o0.Store(odd);
        o1.Store(odd + Block);
    }

    private static void MixOne(float* weights, float* values, int count, int padded, float* even, float* odd)
    {
        Vector512<float> e = Vector512.Load(even), o = Vector512.Load(odd);
        int j = 0;
        for (; j + 2 <= count; j += 2, values += 2 * padded)
        {
            e = Vector512.FusedMultiplyAdd(Vector512.Load(values), Vector512.Create(weights[j]), e);
            o = Vector512.FusedMultiplyAdd(Vector512.Load(values + padded), Vector512.Create(weights[j + 1]), o);
        }

        if (j < count)
        {
            e = Vector512.FusedMultiplyAdd(Vector512.Load(values), Vector512.Create(weights[j]), e);
        }

        e.Store(even);
        o.Store(odd);
    }
}
