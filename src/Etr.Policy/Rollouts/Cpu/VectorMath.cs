using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// Elementwise arithmetic over rows. Written over 16 lanes everywhere: a machine with narrower registers runs the same
/// operations in halves, with the same bits.
/// </summary>
internal static unsafe class VectorMath
{
    /// <summary>Lanes of a vector here.</summary>
    public const int Lanes = 16;

    private const float Log2E = 1.44269504088896341f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;
    private const float Lowest = -87.3f;
    private const float Highest = 88.0f;
    private const int ExponentBias = 127;
    private const int MantissaBits = 23;

    /// <summary>The next multiple of a vector's lanes.</summary>
    public static int Padded(int count) => (count + Lanes - 1) / Lanes * Lanes;

    /// <summary>e^x to about 1e-7 of the value, between e^-87.3 and e^88; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        Vector512<float> bounded = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(Lowest)), Vector512.Create(Highest));
        Vector512<float> whole = Vector512.Round(bounded * Log2E);
        Vector512<float> rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(-Ln2High), bounded);
        rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(-Ln2Low), rest);

        // The usual degree-five minimax polynomial of (e^r − 1 − r)/r² on |r| ≤ ln(2)/2.
        Vector512<float> sum = Vector512.Create(1.9875691500e-4f);
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(1.3981999507e-3f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(8.3334519073e-3f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(4.1665795894e-2f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(1.6666665459e-1f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(5.0000001201e-1f));
        sum = Vector512.FusedMultiplyAdd(sum, rest * rest, rest) + Vector512<float>.One;
        Vector512<int> exponent = Vector512.ConvertToInt32Native(whole) + Vector512.Create(ExponentBias);
        Vector512<float> result = sum * (exponent << MantissaBits).AsSingle();
        return Vector512.ConditionalSelect(Vector512.Equals(x, x), result, x);
    }

    /// <summary>Sum of the lanes, in a fixed order.</summary>
    public static float Sum(Vector512<float> value)
    {
        Vector256<float> eight = value.GetLower() + value.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>y = x / √(mean of x² + ε), y may be x; the norm's weights are part of the matrix that follows.</summary>
    public static void Normalise(float* x, float* y, int count, double epsilon)
    {
        Vector512<float> first = Vector512<float>.Zero;
        Vector512<float> second = Vector512<float>.Zero;
        int i = 0;
        for (; i + 2 * Lanes <= count; i += 2 * Lanes)
        {
            Vector512<float> a = Vector512.Load(x + i);
            Vector512<float> b = Vector512.Load(x + i + Lanes);
            first = Vector512.FusedMultiplyAdd(a, a, first);
            second = Vector512.FusedMultiplyAdd(b, b, second);
        }

        double sum = Sum(first + second);
        for (; i < count; i++)
        {
            sum += (double)x[i] * x[i];
        }

        float scale = (float)(1 / Math.Sqrt(sum / count + epsilon));
        i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            (Vector512.Load(x + i) * scale).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = x[i] * scale;
        }
    }

    /// <summary>x = x · factors, one by one.</summary>
    public static void Multiply(float* x, float* factors, int count)
    {
        int i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            (Vector512.Load(x + i) * Vector512.Load(factors + i)).Store(x + i);
        }

        for (; i < count; i++)
        {
            x[i] *= factors[i];
        }
    }

    /// <summary>y = gate · σ(gate) · up; <paramref name="count"/> is a multiple of <see cref="Lanes"/>.</summary>
    public static void SwiGlu(float* gate, float* up, float* y, int count)
    {
        for (int i = 0; i < count; i += Lanes)
        {
            Vector512<float> g = Vector512.Load(gate + i);
            (g * Vector512.Load(up + i) / (Vector512<float>.One + Exp(-g))).Store(y + i);
        }
    }

    /// <summary>Turns a head by its position's angles and scales it: dimension i with dimension i + size/2.</summary>
    public static void Turn(float* head, float* cos, float* sin, int half, float scale)
    {
        int i = 0;
        for (; i + Lanes <= half; i += Lanes)
        {
            Vector512<float> a = Vector512.Load(head + i);
            Vector512<float> b = Vector512.Load(head + half + i);
            Vector512<float> c = Vector512.Load(cos + i);
            Vector512<float> s = Vector512.Load(sin + i);
            ((a * c - b * s) * scale).Store(head + i);
            ((b * c + a * s) * scale).Store(head + half + i);
        }

        for (; i < half; i++)
        {
            (float a, float b) = (head[i], head[half + i]);
            head[i] = (a * cos[i] - b * sin[i]) * scale;
            head[half + i] = (b * cos[i] + a * sin[i]) * scale;
        }
    }

    /// <summary>Replaces scores by e^(score − highest).</summary>
    /// <param name="scores">Room for the next multiple of <see cref="Lanes"/>.</param>
    /// <param name="count">Scores, at least 1; what stands behind them is overwritten.</param>
    /// <returns>Their sum.</returns>
    public static float Exponentials(float* scores, int count)
    {
        int padded = Padded(count);
        for (int i = count; i < padded; i++)
        {
            scores[i] = float.NegativeInfinity;
        }

        Vector512<float> highest = Vector512.Load(scores);
        for (int i = Lanes; i < padded; i += Lanes)
        {
            highest = Vector512.MaxNative(highest, Vector512.Load(scores + i));
        }

        var top = Vector512.Create(Highest16(highest));
        Vector512<float> sum = Vector512<float>.Zero;
        for (int i = 0; i < padded; i += Lanes)
        {
            Vector512<float> value = Exp(Vector512.Load(scores + i) - top);
            value.Store(scores + i);
            sum += value;
        }

        return Sum(sum);
    }

    /// <summary>The highest lane.</summary>
    public static float Highest16(Vector512<float> value)
    {
        Vector256<float> eight = Vector256.MaxNative(value.GetLower(), value.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        return Math.Max(Math.Max(four[0], four[1]), Math.Max(four[2], four[3]));
    }
}
