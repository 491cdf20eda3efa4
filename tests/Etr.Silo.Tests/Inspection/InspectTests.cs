using System.Text.Json;
using Etr.Silo.Cli;
using Etr.Silo.Tests.Cli;

namespace Etr.Silo.Tests.Inspection;

public sealed class InspectTests
{
    [Fact]
    public async Task It_says_what_the_folder_holds_and_what_drawing_and_training_take()
    {
        Invocation call = await Invocation.RunAsync("inspect", "models/arithmetic", "--batch", "64", "--length", "100");

        Assert.Equal(ExitCodes.Done, call.Code);
        Assert.Contains("architecture qwen2, tied head", call.Output, StringComparison.Ordinal);
        Assert.Contains("parameters   449920 in 38 tensors, F32", call.Output, StringComparison.Ordinal);
        Assert.Contains("drawing      64 × 100 tokens, engine cpu:", call.Output, StringComparison.Ordinal);
        Assert.Contains("training     whole weights:", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_programs_it_is_one_object_whose_parts_add_up()
    {
        Invocation call = await Invocation.RunAsync("inspect", "models/arithmetic", "--json", "--set", "Etr:Training:Lora:Rank=4");

        using var json = JsonDocument.Parse(call.Output);
        JsonElement memory = json.RootElement.GetProperty("memory");
        Assert.Equal("qwen2", json.RootElement.GetProperty("architecture").GetString());
        Assert.Equal("F32", json.RootElement.GetProperty("dtypes")[0].GetString());
        Assert.Equal((32, 512, 4), (memory.GetProperty("batch").GetInt32(), memory.GetProperty("length").GetInt32(), memory.GetProperty("loraRank").GetInt32()));
        foreach (JsonElement plan in (JsonElement[])[memory.GetProperty("rollout"), memory.GetProperty("training")])
            Assert.Equal(plan.GetProperty("bytes").GetInt64(), plan.GetProperty("uses").EnumerateObject().Sum(use => use.Value.GetInt64()));
    }

    [Theory]
    [InlineData("inspect", "/no/such/folder")]
    [InlineData("inspect", "models/arithmetic", "--batch", "0")]
    [InlineData("inspect", "models/arithmetic", "--set", "Etr:Training:Lora:Rank=-1")]
    [InlineData("inspect", "models/arithmetic", "--set", "Etr:Training:Lora:Targets=lm_head")]
    public async Task What_cannot_be_is_refused(params string[] arguments) =>
        Assert.Equal(ExitCodes.BadUsage, (await Invocation.RunAsync(arguments)).Code);
}
