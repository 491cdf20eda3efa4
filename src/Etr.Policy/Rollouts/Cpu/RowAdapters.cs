using System.Numerics;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>Adapters that are added to a model's rows while they are packed, without libtorch. Each sum has one order, that of the rank.</summary>
internal sealed class RowAdapters
{
    private readonly int _rank;
    private readonly float _scale;
    private readonly Dictionary<string, (float[] A, float[] B)> _byWeight = [];

    /// <summary>Reads an adapter file.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, one too many, or of another shape or type.</exception>
    public RowAdapters(AdapterFile file, ModelConfig config)
    {
        using WeightFiles source = WeightFiles.Open(file.Path);
        AdapterWeights.Check(source, config, file.Config);
        _rank = file.Config.Rank;
        _scale = (float)file.Config.Scale;
        for (int layer = 0; layer < config.Layers; layer++)
        {
            foreach (string target in file.Config.Targets)
            {
                _byWeight.Add(
                    AdapterShapes.WeightOf(layer, target),
                    (source.ReadSingles(AdapterShapes.NameOfA(layer, target)), source.ReadSingles(AdapterShapes.NameOfB(layer, target))));
            }
        }
    }

    /// <summary>Adds α/r·B·A to one row of a weight.</summary>
    /// <param name="weight">The weight's name.</param>
    /// <param name="row">Which row.</param>
    /// <param name="values">The row.</param>
    public void AddTo(string weight, int row, Span<float> values)
    {
        if (!_byWeight.TryGetValue(weight, out (float[] A, float[] B) adapter))
        {
            return;
        }

        for (int k = 0; k < _rank; k++)
        {
            float factor = adapter.B[(long)row * _rank + k] * _scale;
            ReadOnlySpan<float> a = adapter.A.AsSpan(k * values.Length, values.Length);
            int i = 0;
            for (; i + Vector<float>.Count <= values.Length; i += Vector<float>.Count)
            {
                (new Vector<float>(values[i..]) + factor * new Vector<float>(a[i..])).CopyTo(values[i..]);
            }

            for (; i < values.Length; i++)
            {
                values[i] += factor * a[i];
            }
        }
    }
}
