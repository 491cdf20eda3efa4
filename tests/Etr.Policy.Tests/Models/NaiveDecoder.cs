using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

/// <summary>
/// The forward pass of each architecture written out in plain loops over doubles, from the architectures' descriptions alone: the oracle that
/// the product's decoders are held against.
/// </summary>
internal sealed class NaiveDecoder(DecoderWeights weights)
{
    private readonly ModelConfig _config = weights.Config;
    private readonly Dictionary<string, double[]> _weights = weights.Named.ToDictionary(
        weight => weight.Name,
        weight =>
        {
            using torch.Tensor wide = weight.Value.detach().to(torch.float64);
            return wide.data<double>().ToArray();
        });

    /// <summary>Residual stream after each layer, then the logits: [layers + 1][position][width].</summary>
    public double[][][] Run(int[] ids)
    {
        double[] embedding = _weights["model.embed_tokens.weight"];
        double[][] x = [.. ids.Select(id => embedding.AsSpan(id * _config.HiddenSize, _config.HiddenSize).ToArray())];
        var stages = new List<double[][]>();
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            string at = $"model.layers.{layer}.";
            double[][] normed = [.. x.Select(row => Norm(row, _weights[at + "input_layernorm.weight"]))];
            double[][] attended = Attention(at + "self_attn.", normed);
            x = [.. x.Zip(attended, Add)];
            normed = [.. x.Select(row => Norm(row, _weights[at + "post_attention_layernorm.weight"]))];
            x = [.. x.Zip(normed.Select(row => FeedForward(at + "mlp.", row)), Add)];
            stages.Add(x);
        }

        double[] head = _weights[_config.TiedHead ? "model.embed_tokens.weight" : "lm_head.weight"];
        stages.Add([.. x.Select(row => Times(head, Norm(row, _weights["model.norm.weight"])))]);
        return [.. stages];
    }

    private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (left, right) => left + right)];

    private static double[] Times(double[] matrix, double[] vector, double[]? bias = null)
    {
        double[] result = new double[matrix.Length / vector.Length];
        for (int row = 0; row < result.Length; row++)
        {
            double sum = bias?[row] ?? 0;
            for (int column = 0; column < vector.Length; column++)
            {
                sum += matrix[row * vector.Length + column] * vector[column];
            }

            result[row] = sum;
        }

        return result;
    }

    private double[] Norm(double[] row, double[] weight)
    {
        double mean = row.Sum(value => value * value) / row.Length;
        double scale = 1 / Math.Sqrt(mean + _config.NormEpsilon);
        return [.. row.Select((value, i) => value * scale * weight[i])];
    }

    private double[] FeedForward(string at, double[] row)
    {
        double[] gate = Times(_weights[at + "gate_proj.weight"], row);
        double[] up = Times(_weights[at + "up_proj.weight"], row);
        return Times(_weights[at + "down_proj.weight"], [.. gate.Select((value, i) => value / (1 + Math.Exp(-value)) * up[i])]);
    }

    private double[][] Attention(string at, double[][] rows)
    {
        double[][] Project(string name) => [.. rows.Select(row => Times(_weights[$"{at}{name}.weight"], row, _weights.GetValueOrDefault($"{at}{name}.bias")))];
        double[][] queries = Project("q_proj");
        double[][] keys = Project("k_proj");
        double[][] values = Project("v_proj");
        int size = _config.HeadSize;
        for (int position = 0; position < rows.Length; position++)
        {
            if (_config.Architecture == ModelArchitecture.Qwen3)
            {
                NormHeads(queries[position], _weights[at + "q_norm.weight"]);
                NormHeads(keys[position], _weights[at + "k_norm.weight"]);
            }

            Turn(queries[position], position);
            Turn(keys[position], position);
        }

        var result = new double[rows.Length][];
        for (int position = 0; position < rows.Length; position++)
        {
            double[] joined = new double[_config.Heads * size];
            for (int head = 0; head < _config.Heads; head++)
            {
                int shared = head / (_config.Heads / _config.KeyValueHeads);
                double[] scores = [.. Enumerable.Range(0, position + 1).Select(other =>
                    Enumerable.Range(0, size).Sum(i => queries[position][head * size + i] * keys[other][shared * size + i]) / Math.Sqrt(size))];
                double highest = scores.Max();
                double[] shares = [.. scores.Select(score => Math.Exp(score - highest))];
                double total = shares.Sum();
                for (int i = 0; i < size; i++)
                {
                    joined[head * size + i] = Enumerable.Range(0, position + 1).Sum(other => shares[other] * values[other][shared * size + i]) / total;
                }
            }

            result[position] = Times(_weights[at + "o_proj.weight"], joined);
        }

        return result;
    }

    private void NormHeads(double[] heads, double[] weight)
    {
        for (int start = 0; start < heads.Length; start += weight.Length)
        {
            Norm(heads[start..(start + weight.Length)], weight).CopyTo(heads, start);
        }
    }

    // Written as Llama's own code has it: by wavelengths.
    private double Frequency(int i)
    {
        double frequency = 1 / Math.Pow(_config.RopeTheta, 2.0 * i / _config.HeadSize);
        if (_config.RopeScaling is not { } scaling)
        {
            return frequency;
        }

        double wavelength = 2 * Math.PI / frequency;
        double shortest = scaling.OriginalContext / scaling.HighFrequencyFactor;
        double longest = scaling.OriginalContext / scaling.LowFrequencyFactor;
        if (wavelength < shortest)
        {
            return frequency;
        }

        double share = (scaling.OriginalContext / wavelength - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return wavelength > longest ? frequency / scaling.Factor : (1 - share) * (frequency / scaling.Factor) + share * frequency;
    }

    private void Turn(double[] heads, int position)
    {
        int half = _config.HeadSize / 2;
        for (int start = 0; start < heads.Length; start += _config.HeadSize)
        {
            for (int i = 0; i < half; i++)
            {
                double angle = position * Frequency(i);
                (double a, double b) = (heads[start + i], heads[start + half + i]);
                heads[start + i] = a * Math.Cos(angle) - b * Math.Sin(angle);
                heads[start + half + i] = b * Math.Cos(angle) + a * Math.Sin(angle);
            }
        }
    }
}
