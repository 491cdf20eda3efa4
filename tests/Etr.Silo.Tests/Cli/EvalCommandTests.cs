using System.Text.Json;
using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Silo.Cli;
using Etr.Silo.Evaluation;
using Etr.Silo.Tests.Training;
using TorchSharp;

namespace Etr.Silo.Tests.Cli;

public sealed class EvalCommandTests : IDisposable
{
    private static readonly string[] Small = ["--task", "arithmetic", "--limit", "6", "--samples", "2", "--set", "Etr:Evaluation:Greedy=false", "--set", "Etr:Sampling:MaxNewTokens=64"];

    private readonly string _folder = Directory.CreateTempSubdirectory("etr-eval-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_prints_avg_and_pass_at_k_writes_a_row_a_prompt_and_leaves_no_journal()
    {
        Invocation call = await EvalAsync("models/arithmetic", [.. Small, "--out", In("out.json")]);

        Assert.Matches(@"avg@2 \d\.\d{3}, pass@1 \d\.\d{3}, pass@2 \d\.\d{3}", call.Output);
        Assert.Equal(["out.json"], Directory.GetFiles(_folder).Select(Path.GetFileName));
        using JsonDocument written = JsonDocument.Parse(await File.ReadAllBytesAsync(In("out.json"), Cancellation));
        Assert.Equal(6, written.RootElement.GetProperty("sampled").GetProperty("rows").GetArrayLength());
        Assert.True(written.RootElement.GetProperty("sampled").GetProperty("all").GetProperty("passAt").TryGetProperty("2", out _));
    }

    [Fact]
    public async Task Several_samplers_give_the_figures_of_one()
    {
        await EvalAsync("models/arithmetic", [.. Small, "--out", In("one.json")]);
        await EvalAsync("models/arithmetic", [.. Small, "--out", In("two.json"), "--devices", "cpu:1,cpu:1"]);
        Assert.Equal(await File.ReadAllTextAsync(In("one.json"), Cancellation), await File.ReadAllTextAsync(In("two.json"), Cancellation));
    }

    [Fact]
    public async Task What_was_measured_before_a_crash_is_not_asked_again_and_another_evaluation_is_refused()
    {
        await EvalAsync("models/arithmetic", [.. Small, "--out", In("whole.json")]);

        // All is measured and the result can't be written, since a folder is in its place; then the end is lost too, as in a crash.
        string journal = In("again.json.rows");
        Directory.CreateDirectory(In("again.json"));
        Assert.NotEqual(ExitCodes.Done, (await Invocation.RunAsync(["eval", "--model", "models/arithmetic", .. Small, "--out", In("again.json")])).Code);
        Directory.Delete(In("again.json"));
        byte[] rows = await File.ReadAllBytesAsync(journal, Cancellation);
        await File.WriteAllBytesAsync(journal, rows[..(rows.Length * 2 / 3)], Cancellation);
        Invocation call = await EvalAsync("models/arithmetic", [.. Small, "--out", In("again.json")]);
        Assert.Matches(@"[1-5] prompts are measured already", call.Output);
        Assert.Equal(await File.ReadAllTextAsync(In("whole.json"), Cancellation), await File.ReadAllTextAsync(In("again.json"), Cancellation));

        await File.WriteAllBytesAsync(journal, rows, Cancellation);
        Invocation other = await Invocation.RunAsync(["eval", "--model", "models/arithmetic", .. Small, "--temperature", "1", "--out", In("again.json")]);
        Assert.Equal(ExitCodes.BadUsage, other.Code);
        Assert.Contains("another evaluation", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_baseline_gives_the_score_and_one_of_other_prompts_is_refused()
    {
        await EvalAsync("models/arithmetic", [.. Small, "--out", In("base.json")]);
        Invocation same = await EvalAsync("models/arithmetic", [.. Small, "--baseline", In("base.json"), "--out", In("out.json")]);
        Assert.Contains("AES 0.000", same.Output, StringComparison.Ordinal);
        Assert.Contains("(0.0 %)", same.Output, StringComparison.Ordinal);

        Invocation other = await Invocation.RunAsync("eval", "--model", "models/arithmetic", "--task", "arithmetic", "--limit", "5", "--baseline", In("base.json"));
        Assert.Contains("6 prompts, of which 5 are among the 5 asked here", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adapters_are_drawn_with_as_if_they_were_merged()
    {
        TorchRuntime.Start("cpu", 1);
        RandomQwen3.Write(In("model"));
        WriteAdapters(In("model"), In("adapter"));
        await File.WriteAllLinesAsync(In("q.jsonl"), ["""{"problem":"What is 1+1?","answer":"2"}"""], Cancellation);
        string[] asked = ["--data", In("q.jsonl"), "--temperature", "0", "--set", "Etr:Sampling:MaxNewTokens=24"];
        await EvalAsync(In("model"), [.. asked, "--out", In("plain.json")]);
        await EvalAsync(In("model"), [.. asked, "--adapter", In("adapter"), "--out", In("adapted.json")]);
        await EvalAsync(In("merged"), [.. asked, "--out", In("merged.json")]);

        Assert.NotEqual(Trend(In("plain.json")), Trend(In("merged.json")), 1e-4);
        Assert.Equal(Trend(In("merged.json")), Trend(In("adapted.json")), 1e-4);
    }

    [Fact]
    public async Task Every_benchmark_asks_all_prompts_greedily_and_flags_win_over_it()
    {
        await File.WriteAllLinesAsync(In("q.jsonl"), [.. Enumerable.Range(0, 3).Select(i => $$"""{"problem":"[A]{{i}}1)+52)-73)*44)+95)?","answer":"{{i}}"}""")], Cancellation);
        foreach (Benchmark benchmark in Benchmark.All)
        {
            Invocation call = await EvalAsync("models/arithmetic", "--benchmark", benchmark.Name, "--data", In("q.jsonl"), "--set", "Etr:Dataset:Template=none");
            Assert.Contains("3 prompts of q, 1 samples at temperature 0", call.Output, StringComparison.Ordinal);
            Assert.Contains($"{benchmark.Name} has {benchmark.Questions} questions", call.Error, StringComparison.Ordinal);
        }

        Invocation own = await EvalAsync("models/arithmetic", "--benchmark", "aime24", "--data", In("q.jsonl"), "--set", "Etr:Dataset:Template=none", "--samples", "4", "--temperature", "0.6", "--limit", "2", "--set", "Etr:Evaluation:Greedy=false");
        Assert.Contains("2 prompts of q, 4 samples at temperature 0.6", own.Output, StringComparison.Ordinal);
        Assert.Contains("name the file with --data", (await Invocation.RunAsync("eval", "--model", "models/arithmetic", "--task", "arithmetic", "--benchmark", "gsm8k")).Error, StringComparison.Ordinal);
    }

    private static void WriteAdapters(string model, string folder)
    {
        ModelConfig config = ModelFiles.Describe(model).Config;
        var lora = new Core.Training.LoraOptions { Rank = 4 };
        Directory.CreateDirectory(folder);
        using AdapterWeights adapters = AdapterWeights.Initialise(config, AdapterConfig.Of(lora), seed: 5);
        using (torch.no_grad())
        {
            foreach ((_, var value) in adapters.Named)
                value.add_(0.1);
        }

        adapters.Save(Path.Combine(folder, AdaptedModel.WeightsFile));
        File.WriteAllBytes(Path.Combine(folder, AdaptedModel.ConfigFile), Core.Policies.AdapterConfigFile.Write(lora, model));
        string merged = Path.Combine(Path.GetDirectoryName(folder)!, "merged");
        Directory.CreateDirectory(merged);
        foreach (string name in (string[])[ModelFiles.Config, ModelFiles.Tokenizer])
            File.Copy(Path.Combine(model, name), Path.Combine(merged, name));
        MergedModel.Write(ModelFiles.WeightsOf(model), config, Path.Combine(folder, AdaptedModel.WeightsFile), AdapterConfig.Of(lora), Path.Combine(merged, ModelFiles.Weights));
    }

    private static double Trend(string file)
    {
        using JsonDocument written = JsonDocument.Parse(File.ReadAllBytes(file));
        return written.RootElement.GetProperty("sampled").GetProperty("all").GetProperty("h1").GetDouble();
    }

    private static async Task<Invocation> EvalAsync(string model, params string[] arguments)
    {
        Invocation call = await Invocation.RunAsync(["eval", "--model", model, .. arguments]);
        Assert.True(call.Code == ExitCodes.Done, call.Error);
        return call;
    }

    private string In(string name) => Path.Combine(_folder, name);
}
