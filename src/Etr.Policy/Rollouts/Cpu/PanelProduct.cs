using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// Rows of inputs times a panel of weights. Every output is start + Σ x[k]·w[k], added one after the other in the order of k by
/// fused multiply-adds, whatever number of rows is multiplied at once and however wide the registers are: an output's bits
/// depend on its own row alone.
/// </summary>
internal static unsafe class PanelProduct
{
    private const int Width = PackedMatrix.PanelWidth;

    // Inputs of a pass: a pass's part of the panel stays in the first-level cache while the rows go by.
    private const int PassInputs = 128;
    private const int RowsOfOnePass = 12;
    private static readonly AlignedMemory Zeros = new(Width * sizeof(float));

    // Results of a row of an int8 product before scaling; enough for the rows that are taken at once.
    private const int ScratchRows = 48;

    /// <summary>y = start + x·W for one panel.</summary>
    /// <param name="matrix">The weights.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="x">Inputs, a row every <paramref name="xStride"/> floats.</param>
    /// <param name="xStride">Floats from row to row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="start">What is added to, at the panel's first output; null for nothing. May be <paramref name="y"/> itself.</param>
    /// <param name="startStride">Floats from row to row; 0 for a bias.</param>
    /// <param name="y">Results, at the panel's first output.</param>
    /// <param name="yStride">Floats from row to row.</param>
    /// <param name="narrow">Whether to use registers of eight lanes even where there are wider ones.</param>
    public static void Run(PackedMatrix matrix, int panel, float* x, int xStride, int rows, float* start, int startStride, float* y, int yStride, bool narrow = false)
    {
        if (start is null)
        {
            start = Zeros.Floats;
            startStride = 0;
        }

        if (!matrix.IsInt8)
        {
            Passes<SingleWeights>(matrix.Panel(panel), matrix.Inputs, x, xStride, rows, start, startStride, y, yStride, narrow);
            return;
        }

        float* scratch = stackalloc float[ScratchRows * Width];
        for (int row = 0; row < rows; row += ScratchRows)
        {
            int count = Math.Min(ScratchRows, rows - row);
            Passes<Int8Weights>(matrix.Panel(panel), matrix.Inputs, x + (long)row * xStride, xStride, count, Zeros.Floats, 0, scratch, Width, narrow);
            Scale(matrix.Scales + (long)panel * Width, scratch, count, start + (long)row * startStride, startStride, y + (long)row * yStride, yStride);
        }
    }

    private static void Scale(float* scales, float* sums, int rows, float* start, int startStride, float* y, int yStride)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < Width; i += VectorMath.Lanes)
            {
                Vector512.FusedMultiplyAdd(
                    Vector512.Load(sums + row * Width + i), Vector512.Load(scales + i), Vector512.Load(start + (long)row * startStride + i)).Store(y + (long)row * yStride + i);
            }
        }
    }

    // A later pass goes on from what the one before has stored: the same additions in the same order.
    private static void Passes<T>(byte* w, int inputs, float* x, int xStride, int rows, float* start, int startStride, float* y, int yStride, bool narrow)
        where T : struct, IWeights
    {
        int pass = rows <= RowsOfOnePass ? inputs : PassInputs;
        for (int k = 0; k < inputs; k += pass)
        {
            int depth = Math.Min(pass, inputs - k);
            byte* part = w + (long)k * Width * T.Size;
            if (Vector512.IsHardwareAccelerated && !narrow)
            {
                Rows512<T>(part, depth, x + k, xStride, rows, start, startStride, y, yStride);
            }
            else
            {
                Rows256<T>(part, depth, x + k, xStride, rows, start, startStride, y, yStride);
            }

            start = y;
            startStride = yStride;
        }
    }

    private static void Rows512<T>(byte* w, int depth, float* x, int xStride, int rows, float* start, int startStride, float* y, int yStride)
        where T : struct, IWeights
    {
        int row = 0;
        while (row < rows)
        {
            int left = rows - row;
            float* xs = x + (long)row * xStride;
            float* from = start + (long)row * startStride;
            float* to = y + (long)row * yStride;
            // Seven and eight rows are two tiles of four rather than one of six and a narrow rest.
            if (left >= 6 && left is not (7 or 8))
            {
                Six<T>(w, depth, xs, xStride, from, startStride, to, yStride);
                row += 6;
            }
            else if (left >= 4)
            {
                Four<T>(w, depth, xs, xStride, from, startStride, to, yStride);
                row += 4;
            }
            else if (left >= 2)
            {
                Two<T>(w, depth, xs, xStride, from, startStride, to, yStride);
                row += 2;
            }
            else
            {
                One<T>(w, depth, xs, from, to);
                row++;
            }
        }
    }

    private static void One<T>(byte* w, int depth, float* x, float* start, float* y)
        where T : struct, IWeights
    {
        Vector512<float> a0 = Vector512.Load(start), a1 = Vector512.Load(start + 16), a2 = Vector512.Load(start + 32), a3 = Vector512.Load(start + 48);
        for (int k = 0; k < depth; k++, w += Width * T.Size)
        {
            T.Prefetch(w);
            Vector512<float> b = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(T.Load(w, 0), b, a0);
            a1 = Vector512.FusedMultiplyAdd(T.Load(w, 1), b, a1);
            a2 = Vector512.FusedMultiplyAdd(T.Load(w, 2), b, a2);
            a3 = Vector512.FusedMultiplyAdd(T.Load(w, 3), b, a3);
        }

        Store(y, a0, a1, a2, a3);
    }

    private static void Two<T>(byte* w, int depth, float* x, int xStride, float* start, int startStride, float* y, int yStride)
        where T : struct, IWeights
    {
        float* s1 = start + startStride;
        Vector512<float> a0 = Vector512.Load(start), a1 = Vector512.Load(start + 16), a2 = Vector512.Load(start + 32), a3 = Vector512.Load(start + 48);
        Vector512<float> b0 = Vector512.Load(s1), b1 = Vector512.Load(s1 + 16), b2 = Vector512.Load(s1 + 32), b3 = Vector512.Load(s1 + 48);
        float* x1 = x + xStride;
        for (int k = 0; k < depth; k++, w += Width * T.Size)
        {
            T.Prefetch(w);
            Vector512<float> w0 = T.Load(w, 0), w1 = T.Load(w, 1), w2 = T.Load(w, 2), w3 = T.Load(w, 3);
            Vector512<float> v = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(w0, v, a0);
            a1 = Vector512.FusedMultiplyAdd(w1, v, a1);
            a2 = Vector512.FusedMultiplyAdd(w2, v, a2);
            a3 = Vector512.FusedMultiplyAdd(w3, v, a3);
            v = Vector512.Create(x1[k]);
            b0 = Vector512.FusedMultiplyAdd(w0, v, b0);
            b1 = Vector512.FusedMultiplyAdd(w1, v, b1);
            b2 = Vector512.FusedMultiplyAdd(w2, v, b2);
            b3 = Vector512.FusedMultiplyAdd(w3, v, b3);
        }

        Store(y, a0, a1, a2, a3);
        Store(y + yStride, b0, b1, b2, b3);
    }

    private static void Four<T>(byte* w, int depth, float* x, int xStride, float* start, int startStride, float* y, int yStride)
        where T : struct, IWeights
    {
        float* s = start;
        Vector512<float> a0 = Vector512.Load(s), a1 = Vector512.Load(s + 16), a2 = Vector512.Load(s + 32), a3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> b0 = Vector512.Load(s), b1 = Vector512.Load(s + 16), b2 = Vector512.Load(s + 32), b3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> c0 = Vector512.Load(s), c1 = Vector512.Load(s + 16), c2 = Vector512.Load(s + 32), c3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> d0 = Vector512.Load(s), d1 = Vector512.Load(s + 16), d2 = Vector512.Load(s + 32), d3 = Vector512.Load(s + 48);
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        for (int k = 0; k < depth; k++, w += Width * T.Size)
        {
            T.Prefetch(w);
            Vector512<float> w0 = T.Load(w, 0), w1 = T.Load(w, 1), w2 = T.Load(w, 2), w3 = T.Load(w, 3);
            Vector512<float> v = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(w0, v, a0);
            a1 = Vector512.FusedMultiplyAdd(w1, v, a1);
            a2 = Vector512.FusedMultiplyAdd(w2, v, a2);
            a3 = Vector512.FusedMultiplyAdd(w3, v, a3);
            v = Vector512.Create(x1[k]);
            b0 = Vector512.FusedMultiplyAdd(w0, v, b0);
            b1 = Vector512.FusedMultiplyAdd(w1, v, b1);
            b2 = Vector512.FusedMultiplyAdd(w2, v, b2);
            b3 = Vector512.FusedMultiplyAdd(w3, v, b3);
            v = Vector512.Create(x2[k]);
            c0 = Vector512.FusedMultiplyAdd(w0, v, c0);
            c1 = Vector512.FusedMultiplyAdd(w1, v, c1);
            c2 = Vector512.FusedMultiplyAdd(w2, v, c2);
            c3 = Vector512.FusedMultiplyAdd(w3, v, c3);
            v = Vector512.Create(x3[k]);
            d0 = Vector512.FusedMultiplyAdd(w0, v, d0);
            d1 = Vector512.FusedMultiplyAdd(w1, v, d1);
            d2 = Vector512.FusedMultiplyAdd(w2, v, d2);
            d3 = Vector512.FusedMultiplyAdd(w3, v, d3);
        }

        Store(y, a0, a1, a2, a3);
        y += yStride;
        Store(y, b0, b1, b2, b3);
        y += yStride;
        Store(y, c0, c1, c2, c3);
        y += yStride;
        Store(y, d0, d1, d2, d3);
    }

    // 24 sums, 4 weights and an input: what 32 registers hold.
    private static void Six<T>(byte* w, int depth, float* x, int xStride, float* start, int startStride, float* y, int yStride)
        where T : struct, IWeights
    {
        float* s = start;
        Vector512<float> a0 = Vector512.Load(s), a1 = Vector512.Load(s + 16), a2 = Vector512.Load(s + 32), a3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> b0 = Vector512.Load(s), b1 = Vector512.Load(s + 16), b2 = Vector512.Load(s + 32), b3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> c0 = Vector512.Load(s), c1 = Vector512.Load(s + 16), c2 = Vector512.Load(s + 32), c3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> d0 = Vector512.Load(s), d1 = Vector512.Load(s + 16), d2 = Vector512.Load(s + 32), d3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> e0 = Vector512.Load(s), e1 = Vector512.Load(s + 16), e2 = Vector512.Load(s + 32), e3 = Vector512.Load(s + 48);
        s += startStride;
        Vector512<float> f0 = Vector512.Load(s), f1 = Vector512.Load(s + 16), f2 = Vector512.Load(s + 32), f3 = Vector512.Load(s + 48);
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        for (int k = 0; k < depth; k++, w += Width * T.Size)
        {
            Vector512<float> w0 = T.Load(w, 0), w1 = T.Load(w, 1), w2 = T.Load(w, 2), w3 = T.Load(w, 3);
            Vector512<float> v = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(w0, v, a0);
            a1 = Vector512.FusedMultiplyAdd(w1, v, a1);
            a2 = Vector512.FusedMultiplyAdd(w2, v, a2);
            a3 = Vector512.FusedMultiplyAdd(w3, v, a3);
            v = Vector512.Create(x1[k]);
            b0 = Vector512.FusedMultiplyAdd(w0, v, b0);
            b1 = Vector512.FusedMultiplyAdd(w1, v, b1);
            b2 = Vector512.FusedMultiplyAdd(w2, v, b2);
            b3 = Vector512.FusedMultiplyAdd(w3, v, b3);
            v = Vector512.Create(x2[k]);
            c0 = Vector512.FusedMultiplyAdd(w0, v, c0);
            c1 = Vector512.FusedMultiplyAdd(w1, v, c1);
            c2 = Vector512.FusedMultiplyAdd(w2, v, c2);
            c3 = Vector512.FusedMultiplyAdd(w3, v, c3);
            v = Vector512.Create(x3[k]);
            d0 = Vector512.FusedMultiplyAdd(w0, v, d0);
            d1 = Vector512.FusedMultiplyAdd(w1, v, d1);
            d2 = Vector512.FusedMultiplyAdd(w2, v, d2);
            d3 = Vector512.FusedMultiplyAdd(w3, v, d3);
            v = Vector512.Create(x4[k]);
            e0 = Vector512.FusedMultiplyAdd(w0, v, e0);
            e1 = Vector512.FusedMultiplyAdd(w1, v, e1);
            e2 = Vector512.FusedMultiplyAdd(w2, v, e2);
            e3 = Vector512.FusedMultiplyAdd(w3, v, e3);
            v = Vector512.Create(x5[k]);
            f0 = Vector512.FusedMultiplyAdd(w0, v, f0);
            f1 = Vector512.FusedMultiplyAdd(w1, v, f1);
            f2 = Vector512.FusedMultiplyAdd(w2, v, f2);
            f3 = Vector512.FusedMultiplyAdd(w3, v, f3);
        }

        Store(y, a0, a1, a2, a3);
        y += yStride;
        Store(y, b0, b1, b2, b3);
        y += yStride;
        Store(y, c0, c1, c2, c3);
        y += yStride;
        Store(y, d0, d1, d2, d3);
        y += yStride;
        Store(y, e0, e1, e2, e3);
        y += yStride;
        Store(y, f0, f1, f2, f3);
    }

    // Sixteen registers of eight lanes: a quarter of the panel at a time.
    private static void Rows256<T>(byte* w, int depth, float* x, int xStride, int rows, float* start, int startStride, float* y, int yStride)
        where T : struct, IWeights
    {
        int row = 0;
        for (; row + 4 <= rows; row += 4)
        {
            for (int column = 0; column < Width; column += 16)
            {
                Four256<T>(w, column, depth, x + (long)row * xStride, xStride, start + (long)row * startStride + column, startStride, y + (long)row * yStride + column, yStride);
            }
        }

        for (; row < rows; row++)
        {
            for (int column = 0; column < Width; column += 32)
            {
                One256<T>(w, column, depth, x + (long)row * xStride, start + (long)row * startStride + column, y + (long)row * yStride + column);
            }
        }
    }

    private static void One256<T>(byte* w, int column, int depth, float* x, float* start, float* y)
        where T : struct, IWeights
    {
        Vector256<float> a0 = Vector256.Load(start), a1 = Vector256.Load(start + 8), a2 = Vector256.Load(start + 16), a3 = Vector256.Load(start + 24);
        for (int k = 0; k < depth; k++, w += Width * T.Size)
        {
            Vector256<float> v = Vector256.Create(x[k]);
            a0 = Vector256.FusedMultiplyAdd(T.LoadEight(w, column), v, a0);
            a1 = Vector256.FusedMultiplyAdd(T.LoadEight(w, column + 8), v, a1);
            a2 = Vector256.FusedMultiplyAdd(T.LoadEight(w, column + 16), v, a2);
            a3 = Vector256.FusedMultiplyAdd(T.LoadEight(w, column + 24), v, a3);
        }

        a0.Store(y);
        a1.Store(y + 8);
        a2.Store(y + 16);
        a3.Store(y + 24);
    }

    private static void Four256<T>(byte* w, int column, int depth, float* x, int xStride, float* start, int startStride, float* y, int yStride)
        where T : struct, IWeights
    {
        float* s = start;
        Vector256<float> a0 = Vector256.Load(s), a1 = Vector256.Load(s + 8);
        s += startStride;
        Vector256<float> b0 = Vector256.Load(s), b1 = Vector256.Load(s + 8);
        s += startStride;
        Vector256<float> c0 = Vector256.Load(s), c1 = Vector256.Load(s + 8);
        s += startStride;
        Vector256<float> d0 = Vector256.Load(s), d1 = Vector256.Load(s + 8);
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        for (int k = 0; k < depth; k++, w += Width * T.Size)
        {
            Vector256<float> w0 = T.LoadEight(w, column), w1 = T.LoadEight(w, column + 8);
            Vector256<float> v = Vector256.Create(x[k]);
            a0 = Vector256.FusedMultiplyAdd(w0, v, a0);
            a1 = Vector256.FusedMultiplyAdd(w1, v, a1);
            v = Vector256.Create(x1[k]);
            b0 = Vector256.FusedMultiplyAdd(w0, v, b0);
            b1 = Vector256.FusedMultiplyAdd(w1, v, b1);
            v = Vector256.Create(x2[k]);
            c0 = Vector256.FusedMultiplyAdd(w0, v, c0);
            c1 = Vector256.FusedMultiplyAdd(w1, v, c1);
            v = Vector256.Create(x3[k]);
            d0 = Vector256.FusedMultiplyAdd(w0, v, d0);
            d1 = Vector256.FusedMultiplyAdd(w1, v, d1);
        }

        a0.Store(y);
        a1.Store(y + 8);
        y += yStride;
        b0.Store(y);
        b1.Store(y + 8);
        y += yStride;
        c0.Store(y);
        c1.Store(y + 8);
        y += yStride;
        d0.Store(y);
        d1.Store(y + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* y, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        a.Store(y);
        b.Store(y + 16);
        c.Store(y + 32);
        d.Store(y + 48);
    }

    /// <summary>How a panel's weights become floats in registers.</summary>
    private interface IWeights
    {
        /// <summary>Bytes of a weight.</summary>
        static abstract int Size { get; }

        /// <summary>Sixteen weights of an input.</summary>
        static abstract Vector512<float> Load(byte* w, int vector);

        /// <summary>Eight weights of an input, from a column on.</summary>
        static abstract Vector256<float> LoadEight(byte* w, int column);

        /// <summary>Asks for what a narrow tile will read soon: its stream outruns the processor's own guesses.</summary>
        static abstract void Prefetch(byte* w);
    }

    private readonly struct SingleWeights : IWeights
    {
        private const int Ahead = 4096;

        public static int Size => sizeof(float);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(byte* w, int vector) => Vector512.Load((float*)w + 16 * vector);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> LoadEight(byte* w, int column) => Vector256.Load((float*)w + column);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Prefetch(byte* w)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(w + Ahead);
                Sse.Prefetch0(w + Ahead + 64);
                Sse.Prefetch0(w + Ahead + 128);
                Sse.Prefetch0(w + Ahead + 192);
            }
        }
    }

    private readonly struct Int8Weights : IWeights
    {
        private const int Ahead = 2048;

        public static int Size => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(byte* w, int vector)
        {
            Vector128<sbyte> bytes = Vector128.Load((sbyte*)w + 16 * vector);
            return Vector512.ConvertToSingle(Avx512F.IsSupported ? Avx512F.ConvertToVector512Int32(bytes) : Widened(bytes));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> LoadEight(byte* w, int column)
        {
            Vector128<sbyte> bytes = Vector128.CreateScalarUnsafe(*(long*)(w + column)).AsSByte();
            if (Avx2.IsSupported)
            {
                return Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(bytes));
            }

            Vector128<short> eight = Vector128.WidenLower(bytes);
            return Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(eight), Vector128.WidenUpper(eight)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Prefetch(byte* w)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(w + Ahead);
            }
        }

        private static Vector512<int> Widened(Vector128<sbyte> bytes)
        {
            (Vector128<short> low, Vector128<short> high) = Vector128.Widen(bytes);
            return Vector512.Create(
                Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low)), Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high)));
        }
    }
}
