namespace Etr.Policy.Rollouts.Cpu;

/// <summary>Cosines and sines of the rotary position embedding as <see cref="Models.RotaryTable"/> has them, in plain memory.</summary>
internal sealed unsafe class RotaryAngles(Models.ModelConfig config) : IDisposable
{
    private const int FirstLength = 256;
    private readonly int _half = config.HeadSize / 2;
    private AlignedMemory? _cos;
    private AlignedMemory? _sin;
    private int _length;

    /// <summary>A position's cosines, size/2 of them.</summary>
    public float* Cos(int position) => _cos!.Floats + (long)position * _half;

    /// <summary>A position's sines.</summary>
    public float* Sin(int position) => _sin!.Floats + (long)position * _half;

    /// <summary>Makes angles for the first <paramref name="length"/> positions.</summary>
    public void Reserve(int length)
    {
        if (length <= _length)
        {
            return;
        }

        _length = Math.Max(length, Math.Max(FirstLength, 2 * _length));
        Dispose();
        _cos = new AlignedMemory((long)_length * _half * sizeof(float));
        _sin = new AlignedMemory((long)_length * _half * sizeof(float));
        double[] frequencies = config.RotaryFrequencies();
        for (int i = 0; i < _half; i++)
        {
            for (int position = 0; position < _length; position++)
            {
                (double sin, double cos) = Math.SinCos(position * frequencies[i]);
                Cos(position)[i] = (float)cos;
                Sin(position)[i] = (float)sin;
            }
        }
    }

    public void Dispose()
    {
        _cos?.Dispose();
        _sin?.Dispose();
    }
}
