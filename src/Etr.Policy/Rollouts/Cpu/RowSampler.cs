using System.Runtime.Intrinsics;
using Etr.Core.Entropies;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// Draws a token from one row of logits and measures the row, by the rules of <see cref="TokenSampler"/>. Belongs to one
/// thread: it keeps the row's exponentials.
/// </summary>
internal sealed unsafe class RowSampler(int vocabulary) : IDisposable
{
    // Exponentials of a block are added in fp32, blocks in double.
    private const int Block = 512;

    private readonly AlignedMemory _scaled = new((long)VectorMath.Padded(vocabulary) * sizeof(float));
    private readonly AlignedMemory _values = new((long)VectorMath.Padded(vocabulary) * sizeof(float));
    private readonly double[] _blocks = new double[(vocabulary + Block - 1) / Block];
    private readonly double[] _sorted = new double[vocabulary];
    private readonly int[] _order = new int[vocabulary];

    /// <summary>Draws one token.</summary>
    /// <param name="logits">The vocabulary's logits.</param>
    /// <param name="request">Temperature, truncation and the random number.</param>
    /// <exception cref="NotFiniteNumberException">The logits hold NaN or infinity.</exception>
    public DrawnToken Draw(float* logits, DrawRequest request)
    {
        Span<double> topLogProbs = stackalloc double[TokenEntropy.TopCount];
        Span<double> topIds = stackalloc double[TokenEntropy.TopCount];
        int top = Math.Min(TokenEntropy.TopCount, vocabulary);
        float highest = Scale(logits, request.IsGreedy ? 1 : (float)(1 / request.Sampling.Temperature));
        float* scaled = _scaled.Floats;
        (double total, double weighted) = Exponentials(scaled, highest);
        double logTotal = Math.Log(total);
        Rank(scaled, topIds[..top]);
        for (int rank = 0; rank < top; rank++)
        {
            topLogProbs[rank] = scaled[(int)topIds[rank]] - (double)highest - logTotal;
        }

        int id = request.IsTruncated && !request.IsGreedy ? PickTruncated(request, total) : Pick(request.Uniform * total);
        return DrawnToken.From(
            id, scaled[id] - (double)highest - logTotal, logTotal - weighted / total, topLogProbs[..top], topIds[..top], request);
    }

    public void Dispose()
    {
        _scaled.Dispose();
        _values.Dispose();
    }

    // NaN where a logit is NaN, since a maximum may lose it.
    private float Scale(float* logits, float factor)
    {
        float* scaled = _scaled.Floats;
        int whole = vocabulary / VectorMath.Lanes * VectorMath.Lanes;
        for (int i = whole; i < VectorMath.Padded(vocabulary); i++)
        {
            scaled[i] = i < vocabulary ? logits[i] * factor : float.NegativeInfinity;
        }

        Vector512<float> highest = Vector512.Create(float.NegativeInfinity);
        Vector512<float> same = Vector512<float>.AllBitsSet;
        for (int i = 0; i < vocabulary; i += VectorMath.Lanes)
        {
            Vector512<float> value = i < whole ? Vector512.Load(logits + i) * factor : Vector512.Load(scaled + i);
            value.Store(scaled + i);
            same &= Vector512.Equals(value, value);
            highest = Vector512.MaxNative(highest, value);
        }

        return Vector512.EqualsAll(same.AsInt32(), Vector512<int>.AllBitsSet) ? VectorMath.Highest16(highest) : float.NaN;
    }

    // e^(logit − highest), their sum, and the sum of each times its exponent.
    private (double Total, double Weighted) Exponentials(float* logits, float highest)
    {
        var top = Vector512.Create(highest);
        double total = 0;
        double weighted = 0;
        for (int block = 0; block < _blocks.Length; block++)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            Vector512<float> product = Vector512<float>.Zero;
            int end = Math.Min(VectorMath.Padded(vocabulary), (block + 1) * Block);
            for (int i = block * Block; i < end; i += VectorMath.Lanes)
            {
                Vector512<float> exponent = Vector512.Load(logits + i) - top;
                Vector512<float> value = Vector512.ConditionalSelect(
                    Vector512.LessThan(exponent, Vector512.Create(-87.0f)), Vector512<float>.Zero, VectorMath.Exp(exponent));
                value.Store(_values.Floats + i);
                sum += value;
                // Minus infinity times nothing is nothing.
                product = Vector512.FusedMultiplyAdd(value, Vector512.Max(exponent, Vector512.Create(-88.0f)), product);
            }

            _blocks[block] = VectorMath.Sum(sum);
            total += _blocks[block];
            weighted += VectorMath.Sum(product);
        }

        return (total, weighted);
    }

    // The highest logits' ids, falling; ties go to the lower id.
    private void Rank(float* logits, Span<double> ids)
    {
        Span<float> best = stackalloc float[TokenEntropy.TopCount];
        int count = 0;
        for (int i = 0; i < vocabulary; i += VectorMath.Lanes)
        {
            if (count == ids.Length && !Vector512.GreaterThanAny(Vector512.Load(logits + i), Vector512.Create(best[count - 1])))
            {
                continue;
            }

            for (int id = i; id < Math.Min(vocabulary, i + VectorMath.Lanes); id++)
            {
                if (count == ids.Length && !(logits[id] > best[count - 1]))
                {
                    continue;
                }

                count = Math.Min(count + 1, ids.Length);
                int rank = count - 1;
                for (; rank > 0 && logits[id] > best[rank - 1]; rank--)
                {
                    (best[rank], ids[rank]) = (best[rank - 1], ids[rank - 1]);
                }

                (best[rank], ids[rank]) = (logits[id], id);
            }
        }
    }

    // The first id whose cumulative weight exceeds the mark; ids of no weight are stepped over.
    private int Pick(double mark)
    {
        float* values = _values.Floats;
        double before = 0;
        int last = -1;
        for (int block = 0; block < _blocks.Length; block++)
        {
            if (before + _blocks[block] > mark || block == _blocks.Length - 1)
            {
                int end = Math.Min(vocabulary, (block + 1) * Block);
                double sum = before;
                for (int id = block * Block; id < end; id++)
                {
                    sum += values[id];
                    if (sum > mark)
                    {
                        return id;
                    }

                    last = values[id] > 0 ? id : last;
                }

                // A block's sum in fp32 may exceed that in double by a rounding.
                if (last >= 0)
                {
                    return last;
                }
            }

            before += _blocks[block];
        }

        return LastWithWeight();
    }

    private int LastWithWeight()
    {
        int id = vocabulary - 1;
        while (id > 0 && !(_values.Floats[id] > 0))
        {
            id--;
        }

        return id;
    }

    // Top-k, then top-p: a token is kept while those more probable hold less than the nucleus mass. Ties go to the lower id.
    private int PickTruncated(DrawRequest request, double total)
    {
        float* values = _values.Floats;
        for (int id = 0; id < vocabulary; id++)
        {
            (_sorted[id], _order[id]) = (-values[id], id);
        }

        // The sort is not stable: equal weights are put in the order of ids afterwards.
        Array.Sort(_sorted, _order);
        int most = request.Sampling.TopK is int k and > 0 ? Math.Min(k, vocabulary) : vocabulary;
        double mass = request.Sampling.TopP is double p and < 1 ? p * total : double.PositiveInfinity;
        int kept = 0;
        double sum = 0;
        while (kept < most && sum < mass)
        {
            OrderTies(kept);
            sum -= _sorted[kept++];
        }

        // Drawn in the order of ids, as without truncation.
        Array.Sort(_order, 0, kept);
        double mark = request.Uniform * sum;
        double reached = 0;
        int last = _order[0];
        for (int i = 0; i < kept; i++)
        {
            float value = values[_order[i]];
            reached += value;
            if (reached > mark)
            {
                return _order[i];
            }

            last = value > 0 ? _order[i] : last;
        }

        return last;
    }

    // Sorts the run of equal weights that starts here, if one does and this is its first.
    private void OrderTies(int start)
    {
        if (start > 0 && _sorted[start - 1] == _sorted[start])
        {
            return;
        }

        int end = start + 1;
        while (end < vocabulary && _sorted[end] == _sorted[start])
        {
            end++;
        }

        Array.Sort(_order, start, end - start);
    }
}
