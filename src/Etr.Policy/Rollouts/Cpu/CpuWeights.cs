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
    public static CpuWeights Load(string file, ModelConfig config, bool int8, RowAdapters? adapters = null)
    {
        using WeightFiles source = ModelFiles.OpenWeights(file, config);
        var embedding = new AlignedMemory((long)config.VocabularySize * config.HiddenSize * sizeof(float));
        source.ReadSingle(WeightShapes.Embedding, embedding.Floats);
        var rows = new WeightRows(source, int8, adapters);
        var layers = new Layer[config.Layers];
        LoadingThreads.Run(config.Layers, layer => layers[layer] = Layer.Load(source, config, layer, rows));
        PackedMatrix head = rows.Pack([config.TiedHead ? WeightShapes.Embedding : WeightShapes.Head], config.HiddenSize, WeightShapes.Norm);
        return new CpuWeights(config, embedding, layers, head);
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

    /// <summary>One layer.</summary>
    internal sealed class Layer : IDisposable
    {
        /// <summary>Outputs of gate, and of up, in a panel.</summary>
        public const int HalfPanel = PackedMatrix.PanelWidth / 2;

        private readonly AlignedMemory _bias;

        private readonly AlignedMemory? _headNorms;
        private readonly int _headSize;

        private Layer(PackedMatrix joined, AlignedMemory bias, (AlignedMemory? Weights, int Size) headNorms, PackedMatrix output, PackedMatrix gateUp, PackedMatrix down)
        {
            Joined = joined;
            _bias = bias;
            (_headNorms, _headSize) = headNorms;
            Output = output;
            GateUp = gateUp;
            Down = down;
        }

        /// <summary>q, k and v: hidden → (heads + 2 · kv heads) · size.</summary>
        public PackedMatrix Joined { get; }

        /// <summary>Their biases, padded; zero where the architecture has none.</summary>
        public float* JoinedBias => _bias.Floats;

        /// <summary>Norm of q's heads; null where the architecture has none.</summary>
        public float* QueryNorm => _headNorms is null ? null : _headNorms.Floats;

        /// <summary>Norm of k's heads; null where the architecture has none.</summary>
        public float* KeyNorm => _headNorms is null ? null : _headNorms.Floats + _headSize;

        /// <summary>heads · size → hidden.</summary>
        public PackedMatrix Output { get; }

        /// <summary>hidden → gate and up: panel p holds gate's outputs 32p…32p+31, then up's.</summary>
        public PackedMatrix GateUp { get; }

        /// <summary>intermediate → hidden.</summary>
        public PackedMatrix Down { get; }

        public static Layer Load(WeightFiles source, ModelConfig config, int layer, WeightRows rows)
        {
            string Name(string name) => WeightShapes.Of(layer, name);
            PackedMatrix joined = rows.Pack(
                [Name("self_attn.q_proj.weight"), Name("self_attn.k_proj.weight"), Name("self_attn.v_proj.weight")], config.HiddenSize, Name("input_layernorm.weight"));
            var biases = new AlignedMemory((long)joined.PaddedOutputs * sizeof(float));
            if (config.HasBiases)
            {
                float[] bias = [.. source.ReadSingles(Name("self_attn.q_proj.bias")), .. source.ReadSingles(Name("self_attn.k_proj.bias")), .. source.ReadSingles(Name("self_attn.v_proj.bias"))];
                bias.CopyTo(new Span<float>(biases.Floats, bias.Length));
            }

            return new Layer(
                joined, biases, (HeadNorms(source, config, layer), config.HeadSize), rows.Pack([Name("self_attn.o_proj.weight")], config.Heads * config.HeadSize, null),
                GateAndUp(rows, Name, config), rows.Pack([Name("mlp.down_proj.weight")], config.IntermediateSize, null));
        }

        public void Dispose()
        {
            Joined.Dispose();
            _bias.Dispose();
            _headNorms?.Dispose();
            Output.Dispose();
            GateUp.Dispose();
            Down.Dispose();
        }

        private static AlignedMemory? HeadNorms(WeightFiles source, ModelConfig config, int layer)
        {
            if (!config.HasHeadNorms)
            {
                return null;
            }

            float[] norms = [.. source.ReadSingles(WeightShapes.Of(layer, WeightShapes.QueryNorm)), .. source.ReadSingles(WeightShapes.Of(layer, WeightShapes.KeyNorm))];
            var memory = new AlignedMemory((long)norms.Length * sizeof(float));
            norms.CopyTo(new Span<float>(memory.Floats, norms.Length));
            return memory;
        }

        private static PackedMatrix GateAndUp(WeightRows rows, Func<string, string> name, ModelConfig config)
        {
            int panels = (config.IntermediateSize + HalfPanel - 1) / HalfPanel;
            return rows.Pack([name("mlp.gate_proj.weight"), name("mlp.up_proj.weight")], config.HiddenSize, name("post_attention_layernorm.weight"), panels * PackedMatrix.PanelWidth, output =>
            {
                int within = output % PackedMatrix.PanelWidth;
                int row = output / PackedMatrix.PanelWidth * HalfPanel + within % HalfPanel;
                return row >= config.IntermediateSize ? -1 : row + (within < HalfPanel ? 0 : config.IntermediateSize);
            });
        }
    }
}
