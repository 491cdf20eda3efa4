using Etr.Core.Policies;
using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Rollouts.Cpu;
using Etr.Policy.Tests.Models;
using Etr.Policy.Tests.Rollouts.Cpu;
using TorchSharp;

namespace Etr.Policy.Tests.Adapters;

public sealed class AdapterTests : IDisposable
{
    private static readonly int[] Tokens = [3, 0, 16, 7, 7, 2, 11, 5, 1];

    private static readonly string[] Usual = ["\"peft_type\": \"LORA\"", "\"r\": 4", "\"target_modules\": [\"q_proj\"]"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-lora-");

    public static TheoryData<ModelArchitecture, string> Cases => new()
    {
        { ModelArchitecture.Qwen2, "all-linear" },
        { ModelArchitecture.Qwen3, "all-linear" },
        { ModelArchitecture.Llama, "q_proj, v_proj" },
        { ModelArchitecture.Mistral, "k_proj,up_proj,o_proj" },
        { ModelArchitecture.Qwen2, "down_proj" },
    };

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Names_shapes_and_files_are_those_of_peft()
    {
        using DecoderWeights weights = RandomModels.Create(ModelArchitecture.Qwen2, heads: 4, keyValueHeads: 2, headSize: 8);
        using AdapterWeights adapters = RandomAdapters.Create(weights.Config, RandomAdapters.All);
        string file = In("adapter_model.safetensors");
        adapters.Save(file);
        File.WriteAllBytes(In("adapter_config.json"), AdapterConfigFile.Write(new LoraOptions { Rank = 3, Alpha = 5 }, "base"));

        using SafetensorsFile written = SafetensorsFile.Open(file);
        Assert.Equal(3 * 7 * 2, written.Entries.Count);
        Assert.Equal([3, 12], written.Find("base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight")!.Shape);
        Assert.Equal([32, 3], written.Find("base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight")!.Shape);
        Assert.Equal([3, 20], written.Find("base_model.model.model.layers.2.mlp.down_proj.lora_A.weight")!.Shape);
        Assert.Equal([12, 3], written.Find("base_model.model.model.layers.2.mlp.down_proj.lora_B.weight")!.Shape);

        AdapterConfig config = AdapterConfig.Read(In("adapter_config.json"));
        Assert.Equal((3, 5.0, 5.0 / 3), (config.Rank, config.Alpha, config.Scale));
        Assert.Equal(AdapterShapes.Projections, config.Targets);
        using AdapterWeights read = AdapterWeights.Load(file, weights.Config, config);
        foreach (((string name, torch.Tensor value), (_, torch.Tensor again)) in adapters.Named.Zip(read.Named))
            Assert.True(value.data<float>().ToArray().AsSpan().SequenceEqual(again.data<float>().ToArray()), name);
    }

    [Fact]
    public void Fresh_adapters_change_nothing()
    {
        using DecoderWeights weights = RandomModels.Create(ModelArchitecture.Qwen3);
        using AdapterWeights adapters = AdapterWeights.Initialise(weights.Config, RandomAdapters.All, 4);
        using var plain = new CachedDecoder(weights);
        using var adapted = new CachedDecoder(FusedModel.Of(weights), adapters);

        Assert.Equal(Logits(plain), Logits(adapted));
        Assert.Contains(adapters.Named, weight => weight.Value.abs().max().item<float>() > 0.1);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Drawing_with_adapters_is_drawing_with_the_merged_weights(ModelArchitecture architecture, string targets)
    {
        using DecoderWeights weights = RandomModels.Create(architecture);
        using AdapterWeights adapters = Adapters(weights, targets);
        string model = In("model.safetensors");
        weights.Save(model);
        FileRef file = AdapterFile.Write(_folder.FullName, adapters, JoinedWeights.Sha256(model));
        float[] before = Logits(weights);

        using var shared = new CachedDecoder(FusedModel.Of(weights), adapters);
        float[] applied = Logits(shared);
        AdapterFile read = AdapterFile.Read(file.Path)!;
        read.CheckBase();
        float[] packed = Cpu(read, weights.Config);
        adapters.MergeInto(weights);
        float[] merged = Logits(weights);

        AssertClose(merged, applied);
        AssertClose(merged, packed);
        Assert.True(Largest(merged, before) > 0.01);
        adapters.UnmergeFrom(weights);
        AssertClose(before, Logits(weights));
    }

    [Fact]
    public void A_model_that_decoders_share_is_there_until_the_last_of_them_is_gone()
    {
        using DecoderWeights weights = RandomModels.Create(ModelArchitecture.Qwen2);
        using AdapterWeights one = RandomAdapters.Create(weights.Config, RandomAdapters.All, 1);
        using AdapterWeights two = RandomAdapters.Create(weights.Config, RandomAdapters.All, 2);
        FusedModel model = FusedModel.Of(weights);
        var first = new CachedDecoder(model.Share(), one);
        var second = new CachedDecoder(model.Share(), two);
        model.Release();
        float[] expected = Logits(second);
        Assert.NotEqual(expected, Logits(first));

        first.Dispose();

        Assert.Equal(expected, Logits(second));
        second.Dispose();
        Assert.True(model.Embedding.IsInvalid);
    }

    [Theory]
    [InlineData("\"peft_type\": \"IA3\"", "peft_type")]
    [InlineData("\"use_dora\": true", "use_dora")]
    [InlineData("\"use_rslora\": true", "use_rslora")]
    [InlineData("\"bias\": \"all\"", "bias")]
    [InlineData("\"modules_to_save\": [\"lm_head\"]", "modules_to_save")]
    [InlineData("\"rank_pattern\": {\"q_proj\": 4}", "rank_pattern")]
    [InlineData("\"target_modules\": [\"lm_head\"]", "target_modules")]
    [InlineData("\"target_modules\": \".*proj\"", "target_modules")]
    [InlineData("\"r\": 0", "r")]
    public void What_peft_can_and_this_cannot_is_refused_by_field(string field, string named)
    {
        string rest = string.Join(", ", Usual.Where(text => !text.StartsWith($"\"{named}\"", StringComparison.Ordinal)));
        File.WriteAllText(In("adapter_config.json"), $$"""{ {{rest}}, "rank_pattern": {}, {{field}} }""".Replace("\"rank_pattern\": {}, \"rank_pattern\"", "\"rank_pattern\"", StringComparison.Ordinal));

        Assert.Equal(named, Assert.Throws<CheckpointException>(() => AdapterConfig.Read(In("adapter_config.json"))).Tensor);
    }

    [Fact]
    public void Adapters_of_another_model_are_refused_by_tensor_and_by_hash()
    {
        using DecoderWeights weights = RandomModels.Create(ModelArchitecture.Qwen2);
        using AdapterWeights adapters = RandomAdapters.Create(weights.Config, RandomAdapters.All);
        FileRef file = AdapterFile.Write(_folder.FullName, adapters, new string('0', 64));

        CheckpointException shape = Assert.Throws<CheckpointException>(() => AdapterWeights.Load(file.Path, weights.Config with { IntermediateSize = 24 }, adapters.Config));
        Assert.Equal("base_model.model.model.layers.0.mlp.gate_proj.lora_B.weight", shape.Tensor);
        Assert.Throws<CheckpointException>(() => AdapterWeights.Load(file.Path, weights.Config with { Layers = 4 }, adapters.Config));
        Assert.Throws<CheckpointException>(() => AdapterWeights.Load(file.Path, weights.Config, adapters.Config with { Targets = ["q_proj"] }));
        weights.Save(In("model.safetensors"));
        Assert.Equal(In("model.safetensors"), Assert.Throws<CheckpointException>(() => AdapterFile.Read(file.Path)!.CheckBase()).File);
    }

    private static AdapterWeights Adapters(DecoderWeights weights, string targets) =>
        RandomAdapters.Create(weights.Config, AdapterConfig.Of(new LoraOptions { Rank = 3, Alpha = 5, Targets = targets }));

    private static float[] Logits(DecoderWeights weights)
    {
        using var decoder = new PlainDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        return decoder.Forward(torch.tensor(Tokens, torch.int64).unsqueeze(0))[0, -1].detach().data<float>().ToArray();
    }

    private static float[] Logits(CachedDecoder decoder)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = decoder.Prefill(torch.tensor(Tokens, torch.int64).unsqueeze(0), [Tokens.Length]);
        return logits.data<float>().ToArray();
    }

    private static float[] Cpu(AdapterFile file, ModelConfig config) =>
        CpuLogits.After(CpuWeights.Load(file.BasePath, config, int8: false, new RowAdapters(file, config)), [Tokens]);

    private static double Largest(float[] one, float[] other) => one.Zip(other).Max(pair => Math.Abs((double)pair.First - pair.Second));

    private static void AssertClose(float[] expected, float[] actual) => Assert.InRange(Largest(expected, actual), 0, 2e-4);

    private string In(string name) => Path.Combine(_folder.FullName, name);
}
