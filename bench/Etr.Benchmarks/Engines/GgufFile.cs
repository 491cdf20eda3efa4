using System.Text;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;

namespace Etr.Benchmarks.Engines;

/// <summary>Writes a Qwen2 checkpoint as GGUF version 3, without a vocabulary, for llama.cpp to be measured with.</summary>
internal static class GgufFile
{
    private const uint Version = 3;
    private const int Alignment = 32;
    private const int BlockValues = 32;

    // Types of metadata values and of tensors, by the numbers of the format.
    private const uint UInt32 = 4;
    private const uint Float32 = 6;
    private const uint Text = 8;
    private const uint TensorF32 = 0;
    private const uint TensorQ8 = 8;

    /// <summary>Converts a safetensors file.</summary>
    /// <param name="path">The GGUF file.</param>
    /// <param name="weights">The safetensors file.</param>
    /// <param name="config">Its shape.</param>
    /// <param name="quantised">Whether matrices are q8_0: blocks of 32 bytes with a half-precision scale.</param>
    public static void Write(string path, string weights, ModelConfig config, bool quantised)
    {
        using SafetensorsFile source = SafetensorsFile.Open(weights);
        (string Name, long[] Shape)[] tensors = [.. WeightShapes.Of(config)];
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Length);
        WriteMetadata(writer, config, quantised);

        ulong offset = 0;
        foreach ((string name, long[] shape) in tensors)
        {
            bool bytes = quantised && shape.Length == 2;
            WriteText(writer, NameOf(name));
            writer.Write((uint)shape.Length);
            foreach (long length in shape.Reverse())
            {
                writer.Write((ulong)length);
            }

            writer.Write(bytes ? TensorQ8 : TensorF32);
            writer.Write(offset);
            offset += Aligned(Bytes(shape, bytes));
        }

        Pad(writer);
        foreach ((string name, long[] shape) in tensors)
        {
            WriteTensor(writer, source.ReadSingles(name), quantised && shape.Length == 2);
            Pad(writer);
        }
    }

    private static void WriteMetadata(BinaryWriter writer, ModelConfig config, bool quantised)
    {
        (string Key, object Value)[] values =
        [
            ("general.architecture", "qwen2"),
            ("general.file_type", quantised ? 7u : 0u),
            ("qwen2.vocab_size", (uint)config.VocabularySize),
            ("qwen2.context_length", (uint)config.ContextLength),
            ("qwen2.embedding_length", (uint)config.HiddenSize),
            ("qwen2.feed_forward_length", (uint)config.IntermediateSize),
            ("qwen2.block_count", (uint)config.Layers),
            ("qwen2.attention.head_count", (uint)config.Heads),
            ("qwen2.attention.head_count_kv", (uint)config.KeyValueHeads),
            ("qwen2.attention.key_length", (uint)config.HeadSize),
            ("qwen2.attention.value_length", (uint)config.HeadSize),
            ("qwen2.attention.layer_norm_rms_epsilon", (float)config.NormEpsilon),
            ("qwen2.rope.freq_base", (float)config.RopeTheta),
            ("tokenizer.ggml.model", "none"),
        ];
        writer.Write((ulong)values.Length);
        foreach ((string key, object value) in values)
        {
            WriteText(writer, key);
            switch (value)
            {
                case uint number:
                    writer.Write(UInt32);
                    writer.Write(number);
                    break;
                case float real:
                    writer.Write(Float32);
                    writer.Write(real);
                    break;
                default:
                    writer.Write(Text);
                    WriteText(writer, (string)value);
                    break;
            }
        }
    }

    private static string NameOf(string name) => name switch
    {
        WeightShapes.Embedding => "token_embd.weight",
        WeightShapes.Norm => "output_norm.weight",
        WeightShapes.Head => "output.weight",
        _ => name.Replace("model.layers.", "blk.", StringComparison.Ordinal)
            .Replace("input_layernorm", "attn_norm", StringComparison.Ordinal)
            .Replace("post_attention_layernorm", "ffn_norm", StringComparison.Ordinal)
            .Replace("self_attn.q_proj", "attn_q", StringComparison.Ordinal)
            .Replace("self_attn.k_proj", "attn_k", StringComparison.Ordinal)
            .Replace("self_attn.v_proj", "attn_v", StringComparison.Ordinal)
            .Replace("self_attn.o_proj", "attn_output", StringComparison.Ordinal)
            .Replace("mlp.gate_proj", "ffn_gate", StringComparison.Ordinal)
            .Replace("mlp.up_proj", "ffn_up", StringComparison.Ordinal)
            .Replace("mlp.down_proj", "ffn_down", StringComparison.Ordinal),
    };

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void WriteTensor(BinaryWriter writer, float[] values, bool quantised)
    {
        if (!quantised)
        {
            writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));
            return;
        }

        Span<byte> bytes = stackalloc byte[BlockValues];
        for (int block = 0; block < values.Length; block += BlockValues)
        {
            ReadOnlySpan<float> of = values.AsSpan(block, BlockValues);
            float scale = 0;
            foreach (float value in of)
            {
                scale = Math.Max(scale, Math.Abs(value) / 127);
            }

            writer.Write(BitConverter.HalfToUInt16Bits((Half)scale));
            for (int i = 0; i < BlockValues; i++)
            {
                bytes[i] = (byte)(sbyte)(scale > 0 ? MathF.Round(of[i] / scale) : 0);
            }

            writer.Write(bytes);
        }
    }

    private static ulong Bytes(long[] shape, bool quantised)
    {
        ulong count = (ulong)shape.Aggregate(1L, (product, length) => product * length);
        return quantised ? count / BlockValues * (BlockValues + 2) : 4 * count;
    }

    private static ulong Aligned(ulong bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static void Pad(BinaryWriter writer)
    {
        while (writer.BaseStream.Position % Alignment != 0)
        {
            writer.Write((byte)0);
        }
    }
}
