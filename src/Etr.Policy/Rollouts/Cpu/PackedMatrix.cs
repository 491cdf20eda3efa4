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

    /// <summary>Gives one output's weights.</summary>
    /// <param name="output">The output.</param>
    /// <param name="weights">Receives its inputs' weights; all zero where it is padding.</param>
    public delegate void Source(int output, Span<float> weights);

    /// <summary>Packs a matrix.</summary>
    /// <param name="outputs">Rows of the matrix as it is stored.</param>
    /// <param name="inputs">Columns of it.</param>
    /// <param name="source">Its rows; asked once each, in order.</param>
    /// <param name="int8">Whether to keep a byte a weight: w ≈ scale · q, q = −127…127, one scale an output.</param>
    public static PackedMatrix Pack(int outputs, int inputs, Source source, bool int8)
    {
        int padded = PanelsOf(outputs) * PanelWidth;
        var weights = new AlignedMemory((long)padded * inputs * (int8 ? 1 : sizeof(float)));
        AlignedMemory? scales = int8 ? new AlignedMemory((long)padded * sizeof(float)) : null;
        float[] row = new float[inputs];
        for (int output = 0; output < outputs; output++)
        {
            source(output, row);
            long at = (long)(output / PanelWidth) * PanelWidth * inputs + output % PanelWidth;
            if (scales is null)
            {
                Spread(row, weights.Floats + at);
            }
            else
            {
                scales.Floats[output] = Quantise(row, (sbyte*)weights.Bytes + at);
            }
        }

        return new PackedMatrix(outputs, inputs, weights, scales);
    }

    public void Dispose()
    {
        _weights.Dispose();
        _scales?.Dispose();
    }

    private static int PanelsOf(int outputs) => (outputs + PanelWidth - 1) / PanelWidth;

    private static void Spread(float[] row, float* to)
    {
        foreach (float weight in row)
        {
            *to = weight;
            to += PanelWidth;
        }
    }

    private static float Quantise(float[] row, sbyte* to)
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
}
