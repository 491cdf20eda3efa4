using System.Text.Json.Nodes;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

public sealed class ModelFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_written_model_is_described_and_loaded_as_it_was()
    {
        using DecoderWeights weights = Write(tied: false);

        ModelDescription description = ModelFiles.Describe(_folder);
        using DecoderWeights loaded = DecoderWeights.Load(description.File, description.Config);

        Assert.Equal(weights.Config with { EndTokens = description.Config.EndTokens }, description.Config);
        Assert.Equal(weights.Config.EndTokens, description.Config.EndTokens);
        Assert.Equal(weights.Parameters.Sum(value => value.numel()), description.Parameters);
        Assert.Equal(4 * description.Parameters, description.Bytes);
        foreach ((string name, TorchSharp.Modules.Parameter value) in weights.Named)
        {
            Assert.Equal(value.data<float>().ToArray(), loaded[name].data<float>().ToArray());
        }
    }

    [Fact]
    public void Half_precision_is_widened()
    {
        using DecoderWeights weights = Write(tied: true);
        using DisposeScope scope = torch.NewDisposeScope();
        SafetensorsWriter.Write(Weights, [.. weights.Named.Select(weight => (weight.Name, weight.Value.to(torch.bfloat16)))]);

        using DecoderWeights loaded = DecoderWeights.Load(Weights, weights.Config);

        Assert.All(loaded.Parameters, value => Assert.Equal(torch.float32, value.dtype));
        Assert.Equal(
            weights[WeightShapes.Norm].to(torch.bfloat16).to(torch.float32).data<float>().ToArray(), loaded[WeightShapes.Norm].data<float>().ToArray());
    }

    [Fact]
    public void A_missing_tensor_is_named_with_the_shape_it_should_have()
    {
        using DecoderWeights weights = Write(tied: true);
        Rewrite(weights, tensors => tensors.RemoveAll(tensor => tensor.Name.Contains("layers.1.self_attn.k_proj.bias", StringComparison.Ordinal)));

        CheckpointException e = Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder));

        Assert.Equal(Weights, e.File);
        Assert.Equal("model.layers.1.self_attn.k_proj.bias", e.Tensor);
        Assert.Contains("[16]", e.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_of_another_shape_or_type_or_one_too_many_is_named()
    {
        using DecoderWeights weights = Write(tied: true);
        using DisposeScope scope = torch.NewDisposeScope();

        Rewrite(weights, tensors => tensors[^1] = (WeightShapes.Norm, torch.ones(13)));
        Assert.Contains("[13]", Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder)).Found, StringComparison.Ordinal);

        Rewrite(weights, tensors => tensors[^1] = (WeightShapes.Norm, torch.ones(12, torch.int64)));
        Assert.Equal("I64", Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder)).Found);

        Rewrite(weights, tensors => tensors.Add(("model.layers.3.input_layernorm.weight", torch.ones(12))));
        Assert.Equal("model.layers.3.input_layernorm.weight", Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder)).Tensor);
    }

    [Theory]
    [InlineData("model_type", "\"gpt2\"")]
    [InlineData("model_type", "null")]
    [InlineData("quantization_config", "{\"quant_method\":\"awq\"}")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\"]")]
    [InlineData("partial_rotary_factor", "0.5")]
    [InlineData("rope_parameters", "{\"rope_type\":\"longrope\"}")]
    [InlineData("hidden_size", "null")]
    [InlineData("hidden_size", "-3")]
    [InlineData("num_hidden_layers", "1e12")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("head_dim", "7")]
    [InlineData("hidden_act", "\"gelu\"")]
    [InlineData("use_sliding_window", "true")]
    [InlineData("rope_scaling", "{\"type\":\"yarn\"}")]
    [InlineData("eos_token_id", "[17]")]
    [InlineData("eos_token_id", "null")]
    [InlineData("tie_word_embeddings", "1")]
    [InlineData("rms_norm_eps", "\"tiny\"")]
    public void A_configuration_that_this_decoder_does_not_do_is_refused_by_field(string field, string value)
    {
        Write(tied: true).Dispose();
        string path = Path.Combine(_folder, ModelFiles.Config);
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        json[field] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());

        CheckpointException e = Assert.Throws<CheckpointException>(() => ModelConfig.Read(path));

        Assert.Equal(path, e.File);
        Assert.Equal(field, e.Tensor);
    }

    private string Weights => Path.Combine(_folder, ModelFiles.Weights);

    private DecoderWeights Write(bool tied)
    {
        DecoderWeights weights = RandomModels.Create(4, 2, 8, tied);
        weights.Config.Write(Path.Combine(_folder, ModelFiles.Config));
        weights.Save(Weights);
        return weights;
    }

    private void Rewrite(DecoderWeights weights, Action<List<(string Name, torch.Tensor Value)>> change)
    {
        List<(string Name, torch.Tensor Value)> tensors = [.. weights.Named.Select(weight => (weight.Name, (torch.Tensor)weight.Value))];
        change(tensors);
        SafetensorsWriter.Write(Weights, tensors);
    }
}
