using System.Globalization;
using Etr.Core.Files;
using Etr.Core.Policies;
using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Silo.Cli;
using Etr.Silo.Engines;
using Etr.Silo.Tests.Cli;
using TorchSharp;

namespace Etr.Silo.Tests.Export;

public sealed class RunExportTests : IDisposable
{
    private static readonly LoraOptions Lora = new() { Rank = 4 };

    private readonly string _data = Directory.CreateTempSubdirectory("etr-export-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Model => StartingPolicy.Locate("models/arithmetic");

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_merged_export_reloads_with_the_logits_of_model_and_adapters()
    {
        TorchRuntime.Start("cpu", 1);
        string adapter = await PublishAsync(1);

        Invocation call = await ExportAsync("whole", "--merged");

        Assert.Equal(ExitCodes.Done, call.Code);
        string folder = In("whole");
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        ModelDescription exported = ModelFiles.Describe(folder);
        using DecoderWeights merged = DecoderWeights.Load(exported.File, exported.Config);
        using DecoderWeights expected = DecoderWeights.Load(ModelFiles.WeightsOf(Model), exported.Config);
        using AdapterWeights adapters = AdapterWeights.Load(adapter, exported.Config, AdapterConfig.Of(Lora));
        float[] before = Logits(expected);
        adapters.MergeInto(expected);
        Assert.InRange(Largest(Logits(expected), Logits(merged)), 0, 1e-4);
        Assert.True(Largest(before, Logits(merged)) > 1e-2);
    }

    [Fact]
    public async Task Without_merging_the_adapters_are_written_as_peft_reads_them()
    {
        string adapter = await PublishAsync(1);
        await PublishAsync(2);

        Invocation call = await ExportAsync("adapters", "--step", "1");

        Assert.Equal(ExitCodes.Done, call.Code);
        AdapterConfig config = AdapterConfig.Read(Path.Combine(In("adapters"), "adapter_config.json"));
        Assert.Equal((4, 8.0), (config.Rank, config.Alpha));
        Assert.Equal(await File.ReadAllBytesAsync(adapter, Cancellation), await File.ReadAllBytesAsync(Path.Combine(In("adapters"), "adapter_model.safetensors"), Cancellation));
        Assert.Contains(JsonEncoded(Model), await File.ReadAllTextAsync(Path.Combine(In("adapters"), "adapter_config.json"), Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_exported_is_refused_with_the_way_out()
    {
        await PublishAsync(0);
        Assert.Contains("--merged", (await ExportAsync("adapters")).Error, StringComparison.Ordinal);
        Assert.Contains("not kept", (await ExportAsync("adapters", "--step", "7")).Error, StringComparison.Ordinal);
        Directory.CreateDirectory(In("full"));
        await File.WriteAllTextAsync(Path.Combine(In("full"), "notes.txt"), "mine", Cancellation);
        Assert.Contains("not empty", (await ExportAsync("full", "--merged")).Error, StringComparison.Ordinal);
        Assert.Equal(["notes.txt"], Directory.GetFiles(In("full")).Select(Path.GetFileName));
    }

    private async Task<string> PublishAsync(long version)
    {
        Directory.CreateDirectory(Path.Combine(_data, "store"));
        string policies = Path.Combine(_data, "runs", "one", "policy");
        string start = ModelFiles.WeightsOf(Model);
        string configuration = RunConfigurationJson.Write(new RunConfiguration { Policy = new PolicyOptions { Path = Model }, Training = new TrainingOptions { Lora = Lora } });
        await DurableFile.WriteAsync(Path.Combine(_data, "runs", "one", "configuration.json"), System.Text.Encoding.UTF8.GetBytes(configuration), Cancellation);
        await PolicyFolder.PublishAsync(policies, 0, new FileRef(start, JoinedWeights.Sha256(start)), SafetensorsParts.Of(start, Cancellation), Model, Cancellation);
        if (version == 0)
            return start;

        ModelConfig config = ModelFiles.Describe(Model).Config;
        using AdapterWeights adapters = AdapterWeights.Initialise(config, AdapterConfig.Of(Lora), version);
        using (torch.no_grad())
        {
            foreach ((_, torch.Tensor value) in adapters.Named)
                value.add_(0.05);
        }

        string file = Path.Combine(policies, string.Create(CultureInfo.InvariantCulture, $"adapter-{version}.safetensors"));
        adapters.Save(file);
        var reference = new FileRef(file, JoinedWeights.Sha256(file));
        await PolicyFolder.PublishAdaptersAsync(policies, version, reference, SafetensorsParts.Of(file, Cancellation), AdapterConfigFile.Write(Lora, Model), Model, Cancellation);
        return file;
    }

    private Task<Invocation> ExportAsync(string folder, params string[] more) =>
        Invocation.RunAsync(["export", "--run", "one", "--out", In(folder), "--set", $"Etr:Data={_data}", .. more]);

    private string In(string folder) => Path.Combine(_data, "out", folder);

    private static string JsonEncoded(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private static float[] Logits(DecoderWeights weights)
    {
        using var decoder = new PlainDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        return decoder.Forward(torch.arange(3, 40, torch.int64).unsqueeze(0)).detach().data<float>().ToArray();
    }

    private static double Largest(float[] one, float[] other) => one.Zip(other).Max(pair => Math.Abs((double)pair.First - pair.Second));
}
