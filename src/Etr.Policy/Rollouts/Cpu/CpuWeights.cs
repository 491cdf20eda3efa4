using Etr.Policy.Checkpoints;
using Etr.Policy.Models;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// A decoder's weights as this engine multiplies by them: q, k and v one matrix, gate and up one matrix (half panels in turn),
/// norm weights part of the matrix that follows, everything packed.
/// </summary>
internal sealed unsafe class CpuWeights : IDisposable
{
    private readonly AlignedMemory _embedding;

    private CpuWeights(ModelConfig config, AlignedMemory embedding, Layer[] layers, PackedMatrix head)
    {
        Config = config;
        _embedding = embedding;
        Layers = layers;
        Head = head;
        Multiplications = Bytes / (head.IsInt8 ? 1 : sizeof(float));
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>The layers, from the first on.</summary>
    public IReadOnlyList<Layer> Layers { get; }

    /// <summary>The output head.</summary>
    public PackedMatrix Head { get; }

    /// <summary>Bytes that a token's pass reads of them.</summary>
    public long Bytes => Head.Bytes + Layers.Sum(layer => layer.Joined.Bytes + layer.Output.Bytes + layer.GateUp.Bytes + layer.Down.Bytes);

    /// <summary>Multiplications of a token's pass.</summary>
    public long Multiplications { get; }

    /// <summary>A token's vector, fp32.</summary>
    public float* Embedding(int token) => _embedding.Floats + (long)token * Config.HiddenSize;

    /// <summary>Reads and packs a safetensors file; half precision is widened to fp32.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, one too many, or of another shape or type.</exception>
    public static CpuWeights Load(string file, ModelConfig config, bool int8)
    {
        using SafetensorsFile source = SafetensorsFile.Open(file);
        ModelFiles.CheckTensors(source, config);
        float[] embedding = source.ReadSingles(WeightShapes.Embedding);
        var memory = new AlignedMemory((long)embedding.Length * sizeof(float));
        embedding.CopyTo(new Span<float>(memory.Floats, embedding.Length));

        Layer[] layers = [.. Enumerable.Range(0, config.Layers).Select(layer => Layer.Load(source, config, layer, int8))];
        float[] head = config.TiedHead ? embedding : source.ReadSingles(WeightShapes.Head);
        return new CpuWeights(config, memory, layers, Pack([head], config.HiddenSize, source.ReadSingles(WeightShapes.Norm), int8));
    }

    public void Dispose()
    {
        _embedding.Dispose();
        Head.Dispose();
        foreach (Layer layer in Layers)
        {
            layer.Dispose();
        }
    }

    // Matrices below one another, [rows, inputs] each, times a norm's weights.
    private static PackedMatrix Pack(float[][] matrices, int inputs, float[]? norm, bool int8)
    {
        int outputs = matrices.Sum(matrix => matrix.Length / inputs);
        return PackedMatrix.Pack(outputs, inputs, (output, weights) =>
        {
            long at = (long)output * inputs;
            int matrix = 0;
            while (at >= matrices[matrix].Length)
            {
                at -= matrices[matrix++].Length;
            }

            matrices[matrix].AsSpan((int)at, inputs).CopyTo(weights);
            Multiply(weights, norm);
        }, int8);
    }

    private static void Multiply(Span<float> weights, float[]? norm)
    {
        for (int i = 0; norm is not null && i < weights.Length; i++)
        {
            weights[i] *= norm[i];
        }
    }

    /// <summary>One layer.</summary>
    internal sealed class Layer : IDisposable
    {
        /// <summary>Outputs of gate, and of up, in a panel.</summary>
        public const int HalfPanel = PackedMatrix.PanelWidth / 2;

        private readonly AlignedMemory _bias;

        private Layer(PackedMatrix joined, AlignedMemory bias, PackedMatrix output, PackedMatrix gateUp, PackedMatrix down)
        {
            Joined = joined;
            _bias = bias;
            Output = output;
            GateUp = gateUp;
            Down = down;
        }

        /// <summary>q, k and v: hidden → (heads + 2 · kv heads) · size.</summary>
        public PackedMatrix Joined { get; }

        /// <summary>Their biases, padded.</summary>
        public float* JoinedBias => _bias.Floats;

        /// <summary>heads · size → hidden.</summary>
        public PackedMatrix Output { get; }

        /// <summary>hidden → gate and up: panel p holds gate's outputs 32p…32p+31, then up's.</summary>
        public PackedMatrix GateUp { get; }

        /// <summary>intermediate → hidden.</summary>
        public PackedMatrix Down { get; }

        public static Layer Load(SafetensorsFile source, ModelConfig config, int layer, bool int8)
        {
            float[] Read(string name) => source.ReadSingles(WeightShapes.Of(layer, name));
            int hidden = config.HiddenSize;
            PackedMatrix joined = Pack(
                [Read("self_attn.q_proj.weight"), Read("self_attn.k_proj.weight"), Read("self_attn.v_proj.weight")], hidden, Read("input_layernorm.weight"), int8);
            float[] bias = [.. Read("self_attn.q_proj.bias"), .. Read("self_attn.k_proj.bias"), .. Read("self_attn.v_proj.bias")];
            var biases = new AlignedMemory((long)joined.PaddedOutputs * sizeof(float));
            bias.CopyTo(new Span<float>(biases.Floats, bias.Length));
            return new Layer(
                joined, biases, Pack([Read("self_attn.o_proj.weight")], config.Heads * config.HeadSize, null, int8),
                GateAndUp(Read("mlp.gate_proj.weight"), Read("mlp.up_proj.weight"), config, Read("post_attention_layernorm.weight"), int8),
                Pack([Read("mlp.down_proj.weight")], config.IntermediateSize, null, int8));
        }

        public void Dispose()
        {
            Joined.Dispose();
            _bias.Dispose();
            Output.Dispose();
            GateUp.Dispose();
            Down.Dispose();
        }

        private static PackedMatrix GateAndUp(float[] gate, float[] up, ModelConfig config, float[] norm, bool int8)
        {
            int panels = (config.IntermediateSize + HalfPanel - 1) / HalfPanel;
            return PackedMatrix.Pack(panels * PackedMatrix.PanelWidth, config.HiddenSize, (output, weights) =>
            {
                int within = output % PackedMatrix.PanelWidth;
                int row = output / PackedMatrix.PanelWidth * HalfPanel + within % HalfPanel;
                if (row >= config.IntermediateSize)
                {
                    weights.Clear();
                    return;
                }

                (within < HalfPanel ? gate : up).AsSpan(row * config.HiddenSize, config.HiddenSize).CopyTo(weights);
                Multiply(weights, norm);
            }, int8);
        }
    }
}
