using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Tests.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Adapters;

public sealed class MergedModelTests : IDisposable
{
    private static readonly long[] Tokens = [3, 0, 16, 7, 7, 2, 11, 5, 1];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-merged-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(ModelArchitecture.Qwen2)]
    [InlineData(ModelArchitecture.Qwen3)]
    [InlineData(ModelArchitecture.Llama)]
    [InlineData(ModelArchitecture.Mistral)]
    public void A_merged_model_reloads_with_the_adapted_models_logits(ModelArchitecture architecture)
    {
        using DecoderWeights weights = RandomModels.Create(architecture);
        weights.Save(In("base.safetensors"));
        using AdapterWeights adapters = RandomAdapters.Create(weights.Config, RandomAdapters.All);
        adapters.Save(In("adapter_model.safetensors"));

        MergedModel.Write(In("base.safetensors"), weights.Config, In("adapter_model.safetensors"), RandomAdapters.All, In("model.safetensors"));

        using DecoderWeights merged = DecoderWeights.Load(In("model.safetensors"), weights.Config);
        using var adapted = new CachedDecoder(FusedModel.Of(weights), adapters);
        using var plain = new PlainDecoder(merged);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor ids = torch.tensor(Tokens).unsqueeze(0);
        torch.Tensor expected = adapted.Prefill(ids, [Tokens.Length]);
        Assert.InRange(expected[0].sub(plain.Forward(ids)[0, -1]).abs().max().item<float>(), 0, 1e-4);
    }

    [Fact]
    public void It_keeps_the_models_types_and_every_bit_of_what_has_no_adapter()
    {
        using DecoderWeights weights = RandomModels.Create(ModelArchitecture.Qwen2);
        using DisposeScope scope = torch.NewDisposeScope();
        SafetensorsWriter.Write(In("base.safetensors"), [.. weights.Named.Select(weight => (weight.Name, weight.Value.detach().to(torch.bfloat16)))]);
        AdapterConfig config = AdapterConfig.Of(new LoraOptions { Rank = 2, Targets = "v_proj" });
        using AdapterWeights adapters = RandomAdapters.Create(weights.Config, config);
        adapters.Save(In("adapter_model.safetensors"));

        MergedModel.Write(In("base.safetensors"), weights.Config, In("adapter_model.safetensors"), config, In("model.safetensors"));

        using SafetensorsFile before = SafetensorsFile.Open(In("base.safetensors"));
        using SafetensorsFile after = SafetensorsFile.Open(In("model.safetensors"));
        Assert.Equal(before.Entries.Select(entry => (entry.Name, entry.Type)), after.Entries.Select(entry => (entry.Name, entry.Type)));
        foreach (TensorEntry entry in before.Entries)
            Assert.Equal(entry.Name.Contains("v_proj.weight", StringComparison.Ordinal), !before.ReadSingles(entry.Name).AsSpan().SequenceEqual(after.ReadSingles(entry.Name)));
    }

    [Fact]
    public void Shards_have_the_hash_of_the_file_they_join_to()
    {
        using DecoderWeights weights = RandomModels.Create(ModelArchitecture.Llama);
        (string Name, torch.Tensor Value)[] tensors = [.. weights.Named.Select(weight => (weight.Name, (torch.Tensor)weight.Value))];
        SafetensorsWriter.Write(In("a.safetensors"), tensors[..9]);
        SafetensorsWriter.Write(In("b.safetensors"), tensors[9..]);
        string index = In(ModelFiles.WeightsIndex);
        string map = string.Join(", ", tensors.Select((tensor, i) => $"\"{tensor.Name}\": \"{(i < 9 ? "a" : "b")}.safetensors\""));
        File.WriteAllText(index, $$"""{ "weight_map": { {{map}} } }""");

        FileRef joined = JoinedWeights.Write(In("joined"), index);

        Assert.Equal(JoinedWeights.Sha256(index), joined.Sha256);
        Assert.Equal(JoinedWeights.Sha256(joined.Path), joined.Sha256);
        using DecoderWeights read = DecoderWeights.Load(joined.Path, weights.Config);
        foreach ((string name, torch.Tensor value) in tensors)
            Assert.True(value.data<float>().ToArray().AsSpan().SequenceEqual(read[name].data<float>().ToArray()), name);
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);
}
