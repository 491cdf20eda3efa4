using System.Text.Json;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Silo.Tests.Training;

/// <summary>A Qwen3 of random weights whose tokenizer has a token a byte.</summary>
internal static class RandomQwen3
{
    private const int Bytes = 256;
    private const int End = Bytes;
    private static readonly string[] Architectures = ["Qwen3ForCausalLM"];

    /// <summary>Writes it: config.json, tokenizer.json, model.safetensors.</summary>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ModelFiles.Config), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["architectures"] = Architectures,
            ["model_type"] = "qwen3",
            ["vocab_size"] = Bytes + 1,
            ["hidden_size"] = 32,
            ["intermediate_size"] = 48,
            ["num_hidden_layers"] = 2,
            ["num_attention_heads"] = 4,
            ["num_key_value_heads"] = 2,
            ["head_dim"] = 8,
            ["max_position_embeddings"] = 1024,
            ["rms_norm_eps"] = 1e-6,
            ["rope_theta"] = 10000,
            ["tie_word_embeddings"] = true,
            ["hidden_act"] = "silu",
            ["eos_token_id"] = End,
        }));
        WriteTokenizer(folder);
        using DecoderWeights weights = DecoderWeights.Initialise(ModelConfig.Read(Path.Combine(folder, ModelFiles.Config)), seed: 3);
        using (torch.no_grad())
        {
            foreach ((string name, var value) in weights.Named)
            {
                if (!name.Contains("norm", StringComparison.Ordinal))
                    value.mul_(4);
            }
        }

        weights.Save(Path.Combine(folder, ModelFiles.Weights));
    }

    /// <summary>Writes the tokenizer alone.</summary>
    public static void WriteTokenizer(string folder) => File.WriteAllText(Path.Combine(folder, ModelFiles.Tokenizer), JsonSerializer.Serialize(Tokenizer()));

    private static Dictionary<string, object?> Tokenizer()
    {
        // GPT-2's spelling of bytes: what prints in Latin-1 is itself, the rest follows from U+0100 on.
        int next = 256;
        var vocabulary = new Dictionary<string, int>();
        for (int value = 0; value < Bytes; value++)
            vocabulary[((char)(value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? value : next++)).ToString()] = value;
        return new Dictionary<string, object?>
        {
            ["version"] = "1.0",
            ["added_tokens"] = new[] { new { id = End, content = "<|endoftext|>", single_word = false, lstrip = false, rstrip = false, normalized = false, special = true } },
            ["normalizer"] = null,
            ["pre_tokenizer"] = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = false, use_regex = true },
            ["decoder"] = new { type = "ByteLevel" },
            ["model"] = new { type = "BPE", vocab = vocabulary, merges = Array.Empty<string>() },
        };
    }
}
