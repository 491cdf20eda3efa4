using System.Text.Json;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Tests.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Checkpoints;

public sealed class WeightFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-shards-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Shards_are_read_as_the_one_file_they_were()
    {
        using DecoderWeights weights = WriteShards();

        ModelDescription description = ModelFiles.Describe(_folder);
        using DecoderWeights loaded = DecoderWeights.Load(description.File, description.Config);

        Assert.Equal(3, description.Files.Count);
        Assert.Equal(["F32"], description.Types);
        Assert.Equal(ModelArchitecture.Qwen3, description.Config.Architecture);
        foreach ((string name, TorchSharp.Modules.Parameter value) in weights.Named)
        {
            Assert.Equal(value.data<float>().ToArray(), loaded[name].data<float>().ToArray());
        }
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        WriteShards().Dispose();
        File.Delete(Shard(1));

        CheckpointException e = Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder));

        Assert.Equal(Shard(1), e.File);
        Assert.Equal("no such file", e.Found);
    }

    [Fact]
    public void A_tensor_that_the_index_names_and_no_shard_has_is_named_with_its_shard()
    {
        WriteShards(index => index["model.layers.7.mlp.up_proj.weight"] = Path.GetFileName(Shard(2))).Dispose();

        CheckpointException e = Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder));

        Assert.Equal("model.layers.7.mlp.up_proj.weight", e.Tensor);
        Assert.Equal(Shard(2), e.File);
    }

    [Fact]
    public void A_tensor_in_another_shard_than_the_index_says_is_named()
    {
        WriteShards(index => index["model.norm.weight"] = index["model.norm.weight"] == Path.GetFileName(Shard(0)) ? Path.GetFileName(Shard(1)) : Path.GetFileName(Shard(0))).Dispose();

        Assert.Equal("model.norm.weight", Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder)).Tensor);
    }

    [Theory]
    [InlineData("../model-00001.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("model.bin")]
    public void An_index_leads_nowhere_but_to_safetensors_in_its_own_folder(string file)
    {
        WriteShards(index => index["model.norm.weight"] = file).Dispose();

        Assert.Equal("model.norm.weight", Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder)).Tensor);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"weight_map\": 3}")]
    [InlineData("{")]
    public void An_index_that_is_none_is_refused(string text)
    {
        WriteShards().Dispose();
        File.WriteAllText(Path.Combine(_folder, ModelFiles.WeightsIndex), text);

        Assert.Equal(Path.Combine(_folder, ModelFiles.WeightsIndex), Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder)).File);
    }

    [Fact]
    public void A_vocabulary_larger_than_the_embedding_is_named_before_anything_is_read()
    {
        using DecoderWeights weights = WriteShards();
        (weights.Config with { VocabularySize = 1 << 24 }).Write(Path.Combine(_folder, ModelFiles.Config));

        CheckpointException e = Assert.Throws<CheckpointException>(() => ModelFiles.Describe(_folder));

        Assert.Equal(WeightShapes.Embedding, e.Tensor);
        Assert.Contains("[16777216, 12]", e.Expected, StringComparison.Ordinal);
        Assert.Contains("[17, 12]", e.Found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(torch.ScalarType.Float32)]
    [InlineData(torch.ScalarType.BFloat16)]
    [InlineData(torch.ScalarType.Float16)]
    public void A_tensor_larger_than_the_window_is_read_whole_from_anywhere_in_it(torch.ScalarType type)
    {
        // Odd counts, so that windows end within rows and vectors have tails.
        const int count = 9_000_001;
        string file = Path.Combine(_folder, "large.safetensors");
        using torch.Tensor value = torch.arange(count, torch.float32).mul_(0.37f).remainder_(1009).sub_(500).to(type);
        SafetensorsWriter.Write(file, [("a", torch.ones(3, torch.uint8)), ("b", value)]);
        using torch.Tensor wide = value.to(torch.float32);
        float[] expected = wide.data<float>().ToArray();

        using WeightFiles source = WeightFiles.Open(file);
        using torch.Tensor read = source.ReadSingle("b");
        using TensorReader reader = source.Reader("b");
        float[] piece = new float[12_345];
        reader.Read(count - piece.Length, piece);

        Assert.True(expected.AsSpan().SequenceEqual(read.data<float>().ToArray()));
        Assert.True(expected.AsSpan()[^piece.Length..].SequenceEqual(piece));
        reader.Read(7, piece);
        Assert.True(expected.AsSpan(7, piece.Length).SequenceEqual(piece));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(count - 1, new float[2]));
    }

    private string Shard(int number) => Path.Combine(_folder, $"model-0000{number + 1}-of-00003.safetensors");

    private DecoderWeights WriteShards(Action<Dictionary<string, string>>? change = null)
    {
        DecoderWeights weights = RandomModels.Create(ModelArchitecture.Qwen3);
        weights.Config.Write(Path.Combine(_folder, ModelFiles.Config));
        var index = new Dictionary<string, string>();
        foreach ((int shard, var tensors) in weights.Named.Index().GroupBy(weight => weight.Index % 3).Select(group => (group.Key, group.Select(weight => weight.Item))))
        {
            SafetensorsWriter.Write(Shard(shard), [.. tensors.Select(weight => (weight.Name, (torch.Tensor)weight.Value))]);
            foreach ((string name, _) in tensors)
            {
                index[name] = Path.GetFileName(Shard(shard));
            }
        }

        change?.Invoke(index);
        File.WriteAllText(Path.Combine(_folder, ModelFiles.WeightsIndex), JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = index }));
        return weights;
    }
}
