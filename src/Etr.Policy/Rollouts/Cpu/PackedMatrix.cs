using Etr.Policy.Checkpoints;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// The weights of a linear layer, packed once for <see cref="PanelProduct"/>: outputs in panels of <see cref="PanelWidth"/>,
/// within a panel input by input, so that a panel is one stream of memory. Outputs beyond the last are zero.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    /// <summary>Outputs of a panel.</summary>
    public const int PanelWidth = 64;

    private const float Int8Steps = 127;
    private const long ParallelBytes = 32 << 20;

    private readonly AlignedMemory _weights;
    private readonly AlignedMemory? _scales;

    private PackedMatrix(int outputs, int inputs, AlignedMemory weights, AlignedMemory? scales)
    {
        Outputs = outputs;
        Inputs = inputs;
        _weights = weights;
        _scales = scales;
    }

    /// <summary>Outputs, padding not counted.</summary>
    public int Outputs { get; }

    /// <summary>Inputs, the length of the sums.</summary>
    public int Inputs { get; }

    /// <summary>Number of panels.</summary>
    public int Panels => PanelsOf(Outputs);

    /// <summary>Outputs with padding: the length of a row of results.</summary>
    public int PaddedOutputs => Panels * PanelWidth;

    /// <summary>Whether weights are bytes that <see cref="Scales"/> multiply.</summary>
    public bool IsInt8 => _scales is not null;

    /// <summary>Bytes of the weights.</summary>
    public long Bytes => (long)PaddedOutputs * Inputs * (IsInt8 ? 1 : sizeof(float));

    /// <summary>A factor an output, for int8.</summary>
    public float* Scales => _scales is null ? null : _scales.Floats;

    /// <summary>First byte of a panel.</summary>
    public byte* Panel(int panel) => _weights.Bytes + (long)panel * PanelWidth * Inputs * (IsInt8 ? 1 : sizeof(float));

    /// <summary>Packs a matrix.</summary>
    /// <param name="outputs">Rows of the matrix as it is stored.</param>
    /// <param name="inputs">Columns of it.</param>
    /// <param name="open">Opens its rows, for each thread that reads some.</param>
    /// <param name="factors">What each input's weights are multiplied by; empty for one.</param>
    /// <param name="int8">Whether to keep a byte a weight: w ≈ scale · q, q = −127…127, one scale an output.</param>
    public static PackedMatrix Pack(int outputs, int inputs, Func<MatrixRows> open, ReadOnlyMemory<float> factors, bool int8)
    {
        int padded = PanelsOf(outputs) * PanelWidth;
        var packed = new PackedMatrix(
            outputs, inputs, new AlignedMemory((long)padded * inputs * (int8 ? 1 : sizeof(float))), int8 ? new AlignedMemory((long)padded * sizeof(float)) : null);
        // What is small is one thread's; the layers of a model share out the threads among them.
        if (packed.Bytes < ParallelBytes)
        {
            using var panel = new PanelReader(open(), inputs);
            for (int i = 0; i < packed.Panels; i++)
                packed.Fill(i, panel, factors.Span);
        }
        else
        {
            LoadingThreads.Run(packed.Panels, () => new PanelReader(open(), inputs), (i, panel) => packed.Fill(i, panel, factors.Span), panel => panel.Dispose());
        }

        return packed;
    }

    public void Dispose()
    {
        _weights.Dispose();
        _scales?.Dispose();
    }

    private static int PanelsOf(int outputs) => (outputs + PanelWidth - 1) / PanelWidth;

    private void Fill(int panel, PanelReader reader, ReadOnlySpan<float> factors)
    {
        int first = panel * PanelWidth;
        int rows = Math.Min(PanelWidth, Outputs - first);
        Span<float> values = reader.Read(first, rows);
        fixed (float* from = values, factor = factors)
        {
            if (_scales is null)
            {
                Transposition.Turn(from, rows, Inputs, factor, (float*)Panel(panel), PanelWidth);
                return;
            }
        }

        for (int row = 0; row < rows; row++)
        {
            Span<float> weights = values.Slice(row * Inputs, Inputs);
            for (int i = 0; i < factors.Length; i++)
                weights[i] *= factors[i];
            _scales.Floats[first + row] = Quantise(weights, (sbyte*)Panel(panel) + row);
        }
    }

    private static float Quantise(ReadOnlySpan<float> row, sbyte* to)
    {
        float largest = 0;
        foreach (float weight in row)
        {
            // NaN stays: a row that holds one is NaN as a whole, as its output would have been.
            largest = Math.Max(largest, Math.Abs(weight));
        }

        float scale = largest / Int8Steps;
        foreach (float weight in row)
        {
            *to = scale > 0 && float.IsFinite(scale) ? (sbyte)MathF.Round(weight / scale) : (sbyte)0;
            to += PanelWidth;
        }

        return scale;
    }

    // A panel's rows as they are stored.
    private sealed class PanelReader(MatrixRows rows, int inputs) : IDisposable
    {
        private readonly float[] _values = new float[PanelWidth * inputs];

        public Span<float> Read(int first, int count)
        {
            for (int row = 0; row < count; row++)
                rows.Read(first + row, _values.AsMemory(row * inputs, inputs));
            return _values.AsSpan(0, count * inputs);
        }

        public void Dispose() => rows.Dispose();
    }
}
