using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Etr.Silo.Cli;
using Etr.Silo.Tests.Cli;

namespace Etr.Silo.Tests.Training;

/// <summary>The shipped configuration of the paper's own set-up, on a model of that shape.</summary>
public sealed partial class PaperConfigurationTests : IDisposable
{
    private static readonly string Config = Path.Combine(LargeModelFolder.Repository, "configs", "deepseek-r1-distill-qwen-7b.json");
    private readonly LargeModelFolder _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("Etr:Run:GroupSize = 5")]
    [InlineData("Etr:Run:PromptsPerStep = 32")]
    [InlineData("Etr:Run:Steps = 207")]
    [InlineData("Etr:Sampling:Temperature = 1")]
    [InlineData("Etr:Sampling:MaxNewTokens = 16384")]
    [InlineData("Etr:Reward:Shaper = paper")]
    [InlineData("Etr:Training:KlCoefficient = 0.005")]
    [InlineData("Etr:Training:EntropyCoefficient = 0.0001")]
    [InlineData("Etr:Training:MiniBatches = 2")]
    [InlineData("Etr:Training:LearningRate = 1E-05")]
    [InlineData("Etr:Training:WeightDecay = 0.01")]
    [InlineData("Etr:Training:Lora:Rank = 32")]
    [InlineData("Etr:Training:Lora:Alpha = 64")]
    [InlineData("Etr:Training:Lora:Targets = all-linear")]
    public async Task It_is_the_papers_set_up(string setting) => Assert.Contains($"* {setting}", (await DryRunAsync()).Output, StringComparison.Ordinal);

    [Fact]
    public async Task Its_plan_fits_a_device_of_80_gigabytes_with_room_and_says_so()
    {
        Invocation call = await DryRunAsync();

        Assert.True(call.Code == ExitCodes.Done, call.Output + call.Error);
        Assert.Contains("7615616512 parameters", call.Output, StringComparison.Ordinal);
        Match plan = Total().Match(call.Output);
        Assert.True(plan.Success, call.Output);
        double needed = double.Parse(plan.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        // 80 GB are 74.5 GiB: it fits whichever of the two a vendor means.
        Assert.InRange(needed, 50, 74.5);
        Assert.DoesNotContain("too much", call.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Etr:Policy:DeviceMemory=40")]
    [InlineData("Etr:Policy:Weights=f32")]
    [InlineData("Etr:Training:Lora:Rank=0")]
    public async Task What_would_not_fit_is_told_by_the_plan_and_refused_at_the_start(string change)
    {
        Assert.Contains("too much", (await DryRunAsync("--set", change)).Output, StringComparison.Ordinal);

        Invocation call = await Invocation.RunAsync(["train", "--exit", .. Settings, "--set", $"Etr:Data={_model.Path}/data", "--set", change]);

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("GiB of memory and there are", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_says_what_it_holds_and_takes()
    {
        Invocation call = await Invocation.RunAsync(
            "inspect", _model.Path, "--batch", "16", "--length", "16896", "--json", "--set", "Etr:Policy:Engine=torch", "--set", "Etr:Policy:Weights=bf16",
            "--set", "Etr:Training:Lora:Rank=32", "--set", "Etr:Training:Checkpointing=true");

        Assert.True(call.Code == ExitCodes.Done, call.Error);
        using var json = JsonDocument.Parse(call.Output);
        Assert.Equal(7_615_616_512, json.RootElement.GetProperty("parameters").GetInt64());
        JsonElement rollout = json.RootElement.GetProperty("memory").GetProperty("rollout").GetProperty("uses");
        // Two bytes a weight, and two more for each of the head's 152,064 · 3,584, norms and biases: 4 bytes.
        Assert.Equal(2.0 * 7_615_616_512 + 2.0 * 152_064 * 3584, rollout.GetProperty("weights").GetInt64(), 2e6);
        // 28 layers · 2 · 4 heads · 128 numbers of two bytes, 16 · 16,896 times.
        Assert.Equal(57_344L * 16 * 16_896, rollout.GetProperty("key-value cache").GetInt64());
        JsonElement training = json.RootElement.GetProperty("memory").GetProperty("training").GetProperty("uses");
        // r · (in + out) of seven matrices in 28 layers.
        Assert.Equal(4L * 80_740_352, training.GetProperty("adapters").GetInt64());
        Assert.Equal(2 * training.GetProperty("adapters").GetInt64(), training.GetProperty("optimiser").GetInt64());
    }

    private string[] Settings => ["--config", Config, "--set", $"Etr:Policy:Path={_model.Path}", "--set", $"Etr:Task:Data={_model.Prompts}"];

    private Task<Invocation> DryRunAsync(params string[] more) => Invocation.RunAsync(["train", "--dry-run", .. Settings, .. more]);

    [GeneratedRegex(@"([0-9.]+) GiB with the program on cuda:0 of 79\.0 GiB")]
    private static partial Regex Total();
}
