using System.Text.RegularExpressions;
using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Silo.Cli;
using Etr.Silo.Tests.Cli;
using TorchSharp;

namespace Etr.Silo.Tests.Training;

/// <summary>The whole way: prompts from a file, a random Qwen3 with adapters, a short run, both exports, and back.</summary>
public sealed partial class TrainOnFileTests : IDisposable
{
    private static readonly string[] Sample =
    [
        """{"id":"own/0","problem":"What is $1+1$?","answer":"2","difficulty":1.0,"subject":"Prealgebra"}""",
        """{"id":"own/1","problem":"Let $f(x)=x^2$. Find $f(3)$.","answer":"9","difficulty":2.0,"subject":"Algebra"}""",
        """{"id":"own/2","problem":"Find the root of $2x=7$.","answer":"\\frac{7}{2}","difficulty":2.0,"subject":"Algebra"}""",
        """{"id":"own/3","problem":"How many subsets has a set of three?","answer":"","difficulty":3.0,"subject":"Counting & Probability"}""",
        """{"id":"own/4","problem":"How many primes are below ten?","answer":"4","difficulty":1.0,"subject":"Number Theory"}""",
        """{"id":"own/5","problem":"What is $\\sin 0$?","answer":"0","difficulty":1.0,"subject":"Precalculus"}""",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("etr-file-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_sample_of_the_same_layout_is_trained_on_exported_and_reloaded()
    {
        string data = In("own.jsonl");
        File.WriteAllLines(data, Sample);
        Invocation train = await WalkAsync(data);
        Assert.Contains("own: 6 rows, 1 bad: ", train.Output, StringComparison.Ordinal);
        Assert.Contains($"{data}:4: 'answer'", train.Error, StringComparison.Ordinal);

        // The run has its prompts: whatever becomes of the file, it can be gone on with.
        File.Delete(data);
        Invocation resumed = await Invocation.RunAsync("train", "--resume", RunName().Match(train.Output).Groups[1].Value, "--exit", "--no-dashboard", "--set", $"Etr:Data={In("data")}");
        Assert.True(resumed.Code == ExitCodes.Done, resumed.Error);
    }

    [Fact]
    public async Task Math_train_is_trained_on_exported_and_reloaded() =>
        Assert.Contains("math_train_7474: 7474 rows, 4 bad", (await WalkAsync(SharedData.PathOrSkip("math_train_7474.jsonl"))).Output, StringComparison.Ordinal);

    private async Task<Invocation> WalkAsync(string data)
    {
        TorchRuntime.Start("cpu", 1);
        RandomQwen3.Write(In("model"));
        Invocation train = await Invocation.RunAsync(
            "train", "--exit", "--no-dashboard", "--steps", "2", "--set", $"Etr:Data={In("data")}", "--set", $"Etr:Policy:Path={In("model")}",
            "--set", "Etr:Task:Name=jsonl", "--set", $"Etr:Task:Data={data}", "--set", "Etr:Task:BadRows=skip", "--set", "Etr:Dataset:HeldOutShare=0.3",
            "--set", "Etr:Dataset:MaxPromptTokens=400", "--set", "Etr:Evaluation:Prompts=2", "--set", "Etr:Evaluation:Samples=1", "--set", "Etr:Evaluation:Greedy=false",
            "--set", "Etr:Run:GroupSize=2", "--set", "Etr:Run:PromptsPerStep=2", "--set", "Etr:Run:StopAfterQuietSteps=0", "--set", "Etr:Sampling:MaxNewTokens=12",
            "--set", "Etr:Training:Lora:Rank=4", "--set", "Etr:Training:LearningRate=0.05", "--set", "Etr:Training:EntropyCoefficient=0.1", "--set", "Etr:Training:Truncated=keep");
        Assert.True(train.Code == ExitCodes.Done, train.Error);
        string run = RunName().Match(train.Output).Groups[1].Value;
        await ExportAsync("--run", run, "--merged", "--out", In("merged"));
        await ExportAsync("--run", run, "--out", In("adapter"));

        ModelDescription merged = ModelFiles.Describe(In("merged"));
        using DecoderWeights whole = DecoderWeights.Load(merged.File, merged.Config);
        using DecoderWeights model = DecoderWeights.Load(ModelFiles.WeightsOf(In("model")), merged.Config);
        float[] before = Logits(model);
        using AdapterWeights adapters = AdapterWeights.Load(Path.Combine(In("adapter"), "adapter_model.safetensors"), merged.Config, AdapterConfig.Read(Path.Combine(In("adapter"), "adapter_config.json")));
        Assert.Contains("base_model.model.model.layers.1.mlp.down_proj.lora_B.weight", adapters.Named.Select(weight => weight.Name));
        adapters.MergeInto(model);
        Assert.InRange(Largest(Logits(model), Logits(whole)), 0, 1e-4);
        Assert.True(Largest(before, Logits(whole)) > 1e-3, "training has moved nothing");
        return train;
    }

    private async Task ExportAsync(params string[] arguments)
    {
        Invocation call = await Invocation.RunAsync(["export", .. arguments, "--set", $"Etr:Data={In("data")}"]);
        Assert.True(call.Code == ExitCodes.Done, call.Error);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private static float[] Logits(DecoderWeights weights)
    {
        using var decoder = new PlainDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        return decoder.Forward(torch.arange(30, 90, torch.int64).unsqueeze(0)).detach().data<float>().ToArray();
    }

    private static double Largest(float[] one, float[] other) => one.Zip(other).Max(pair => Math.Abs((double)pair.First - pair.Second));

    [GeneratedRegex(@"^run +(\S+)", RegexOptions.Multiline)]
    private static partial Regex RunName();
}
