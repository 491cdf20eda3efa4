using Etr.Policy.Checkpoints;
using Etr.Policy.Models;

namespace Etr.Policy.Tests.Models;

public sealed class ArchitectureConfigTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-config-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(ModelArchitecture.Qwen2)]
    [InlineData(ModelArchitecture.Qwen3)]
    [InlineData(ModelArchitecture.Llama)]
    [InlineData(ModelArchitecture.Mistral)]
    public void A_written_configuration_is_read_as_it_was(ModelArchitecture architecture)
    {
        using DecoderWeights weights = RandomModels.Create(architecture);
        string path = Path.Combine(_folder.FullName, "config.json");
        weights.Config.Write(path);

        ModelConfig read = ModelConfig.Read(path);

        Assert.Equal(weights.Config with { EndTokens = read.EndTokens }, read);
    }

    [Fact]
    public void Llama_3_1s_configuration_is_read_in_the_older_and_the_newer_form()
    {
        const string scaling = """ "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192, "rope_type": "llama3" """;
        ModelConfig older = Read($$"""{ {{Llama}}, "rope_theta": 500000.0, "rope_scaling": { {{scaling}} } }""");
        ModelConfig newer = Read($$"""{ {{Llama}}, "rope_parameters": { "rope_theta": 500000.0, {{scaling}} } }""");

        Assert.Equal(new RopeScaling(8, 1, 4, 8192), older.RopeScaling);
        Assert.Equal(500_000, older.RopeTheta);
        Assert.Equal([128001, 128008, 128009], older.EndTokens);
        Assert.Equal(8_030_261_248, older.ParameterCount);
        Assert.Equal(older with { EndTokens = newer.EndTokens }, newer);
    }

    [Theory]
    [InlineData("\"rope_scaling\": { \"rope_type\": \"llama3\", \"low_freq_factor\": 1, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 8 }", "rope_scaling.factor")]
    [InlineData("\"rope_scaling\": { \"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 8 }", "rope_scaling.high_freq_factor")]
    [InlineData("\"rope_scaling\": { \"rope_type\": \"yarn\", \"factor\": 4 }", "rope_scaling")]
    [InlineData("\"attention_bias\": true", "attention_bias")]
    [InlineData("\"mlp_bias\": true", "mlp_bias")]
    public void What_no_llama_here_does_is_refused_by_field(string field, string named) =>
        Assert.Equal(named, Assert.Throws<CheckpointException>(() => Read($$"""{ {{Llama}}, {{field}} }""")).Tensor);

    [Theory]
    [InlineData("null", true)]
    [InlineData("131072", true)]
    [InlineData("4096", false)]
    public void Mistrals_sliding_window_is_refused_by_name_where_it_is_active(string window, bool taken)
    {
        string json = $$"""{ {{Llama.Replace("\"llama\"", "\"mistral\"", StringComparison.Ordinal)}}, "sliding_window": {{window}} }""";
        if (taken)
            Assert.Equal(ModelArchitecture.Mistral, Read(json).Architecture);
        else
            Assert.Equal("sliding_window", Assert.Throws<CheckpointException>(() => Read(json)).Tensor);
    }

    private const string Llama = """
        "model_type": "llama", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072, "rms_norm_eps": 1e-05, "tie_word_embeddings": false,
        "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "attention_dropout": 0.0, "pretraining_tp": 1
        """;

    private ModelConfig Read(string json)
    {
        string path = Path.Combine(_folder.FullName, "config.json");
        File.WriteAllText(path, json);
        return ModelConfig.Read(path);
    }
}
