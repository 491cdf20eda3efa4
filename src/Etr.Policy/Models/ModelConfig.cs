using System.Text.Json;
using Etr.Core.Files;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Models;

/// <summary>The shape of a decoder, as its <c>config.json</c> gives it.</summary>
public sealed record ModelConfig
{
    /// <summary>Which decoder it is. The default value is <see cref="ModelArchitecture.Qwen2"/>.</summary>
    public ModelArchitecture Architecture { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads of a layer.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads of a layer; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Longest sequence, prompt and response together, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>ε of the RMS norms.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>How the rotary frequencies are scaled; null where they are not.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Whether the output head is the embedding's transpose.</summary>
    public bool TiedHead { get; init; }

    /// <summary>Token that begins a sequence; null where none does.</summary>
    public int? BeginToken { get; init; }

    /// <summary>Tokens that end a sequence, at least one.</summary>
    public required IReadOnlyList<int> EndTokens { get; init; }

    /// <summary>Whether q, k and v have biases.</summary>
    public bool HasBiases => Architecture == ModelArchitecture.Qwen2;

    /// <summary>Whether each head of q and k is normalised before it is turned.</summary>
    public bool HasHeadNorms => Architecture == ModelArchitecture.Qwen3;

    /// <summary>Query heads that share a key and value head.</summary>
    public int QueriesPerKey => Heads / KeyValueHeads;

    /// <summary>Number of weights.</summary>
    public long ParameterCount => WeightShapes.Of(this).Sum(weight => weight.Shape.Aggregate(1L, (product, length) => product * length));

    /// <summary>By how much each pair of a head's dimensions turns, radians a position: θ^(−2i/size), scaled. HeadSize / 2 of them.</summary>
    internal double[] RotaryFrequencies() =>
        [.. Enumerable.Range(0, HeadSize / 2).Select(i => Math.Pow(RopeTheta, -2.0 * i / HeadSize)).Select(frequency => RopeScaling?.Apply(frequency) ?? frequency)];

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="CheckpointException">The file is missing or no JSON, a field is missing or out of range, or asks for what this decoder does not do.</exception>
    public static ModelConfig Read(string path)
    {
        byte[] bytes = ReadBounded(path);
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            return FromJson(path, document.RootElement);
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, null, "valid JSON", e.Message, e);
        }
    }

    /// <summary>Writes a <c>config.json</c> that Hugging Face's loaders read too.</summary>
    public void Write(string path) => DurableFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartArray("architectures");
        json.WriteStringValue(Architectures.ClassNameOf(Architecture));
        json.WriteEndArray();
        json.WriteString("model_type", Architectures.ModelTypeOf(Architecture));
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("num_key_value_heads", KeyValueHeads);
        json.WriteNumber("head_dim", HeadSize);
        json.WriteNumber("max_position_embeddings", ContextLength);
        json.WriteNumber("rms_norm_eps", NormEpsilon);
        json.WriteNumber("rope_theta", RopeTheta);
        if (RopeScaling is { } scaling)
        {
            json.WriteStartObject("rope_scaling");
            json.WriteString("rope_type", "llama3");
            json.WriteNumber("factor", scaling.Factor);
            json.WriteNumber("low_freq_factor", scaling.LowFrequencyFactor);
            json.WriteNumber("high_freq_factor", scaling.HighFrequencyFactor);
            json.WriteNumber("original_max_position_embeddings", scaling.OriginalContext);
            json.WriteEndObject();
        }

        json.WriteBoolean("tie_word_embeddings", TiedHead);
        json.WriteString("hidden_act", "silu");
        json.WriteString("torch_dtype", "float32");
        if (Architecture is ModelArchitecture.Qwen2 or ModelArchitecture.Qwen3)
        {
            json.WriteBoolean("use_sliding_window", false);
        }
        else if (Architecture == ModelArchitecture.Mistral)
        {
            json.WriteNull("sliding_window");
        }

        if (BeginToken is int begin)
        {
            json.WriteNumber("bos_token_id", begin);
        }

        json.WriteStartArray("eos_token_id");
        foreach (int token in EndTokens)
        {
            json.WriteNumberValue(token);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static byte[] ReadBounded(string path)
    {
        const int longest = 1_000_000;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length > longest)
            {
                throw new CheckpointException(path, null, $"at most {longest} bytes", $"{stream.Length}");
            }

            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable model configuration", e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message, e);
        }
    }

    private static ModelConfig FromJson(string path, JsonElement root)
    {
        var fields = new ConfigFields(path, root);
        int contextLength = fields.Integer("max_position_embeddings", 2, 1 << 24);
        ModelArchitecture architecture = Architectures.Read(fields, contextLength);
        (double theta, RopeScaling? scaling) = Models.RopeScaling.Read(fields);

        int hidden = fields.Integer("hidden_size", 1, 1 << 16);
        int heads = fields.Integer("num_attention_heads", 1, 1024);
        int keyValueHeads = fields.Integer("num_key_value_heads", 1, heads, whereAbsent: heads);
        if (heads % keyValueHeads != 0)
        {
            throw new CheckpointException(path, "num_key_value_heads", $"a divisor of the {heads} attention heads", $"{keyValueHeads}");
        }

        int headSize = fields.Integer("head_dim", 2, 1024, whereAbsent: hidden / heads);
        if (headSize % 2 != 0)
        {
            throw new CheckpointException(path, "head_dim", "an even number", $"{headSize}");
        }

        int vocabulary = fields.Integer("vocab_size", 2, 1 << 24);
        return new ModelConfig
        {
            Architecture = architecture,
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = fields.Integer("intermediate_size", 1, 1 << 20),
            Layers = fields.Integer("num_hidden_layers", 1, 1024),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            ContextLength = contextLength,
            NormEpsilon = fields.Real("rms_norm_eps", 0, 1, whereAbsent: 1e-6),
            RopeTheta = theta,
            RopeScaling = scaling,
            TiedHead = fields.Flag("tie_word_embeddings"),
            BeginToken = fields.Tokens("bos_token_id", vocabulary) is [int begin, ..] ? begin : null,
            EndTokens = fields.Tokens("eos_token_id", vocabulary) is [_, ..] ends
                ? ends
                : throw new CheckpointException(path, "eos_token_id", "at least one token", "none"),
        };
    }
}
