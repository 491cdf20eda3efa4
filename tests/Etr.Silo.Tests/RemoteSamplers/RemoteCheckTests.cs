using System.Text.Json;
using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.RemoteSamplers;
using Etr.Silo.Tests.Cli;
using Etr.Silo.Training;
using Microsoft.AspNetCore.Http;

namespace Etr.Silo.Tests.RemoteSamplers;

/// <summary>What is refused before a run draws through servers, and what is not.</summary>
public sealed class RemoteCheckTests
{
    private const string Url = "http://127.0.0.1:1/v1";
    private static readonly int[] Ids = [5];
    private static readonly string[] Names = ["token_id:5"];

    [Theory]
    [InlineData("vllm", "none", "guarded", "", "Etr:Samplers:Scoring=torch")]
    [InlineData("sglang", "none", "paper", "", "Etr:Samplers:Scoring=torch")]
    [InlineData("vllm", "none", "outcome", "", null)]
    [InlineData("vllm", "none", "outcome", "0.1", "Etr:Samplers:Scoring=torch")]
    [InlineData("vllm", "none", "reference", "", null)]
    [InlineData("vllm", "torch", "guarded", "", null)]
    [InlineData("etr", "none", "guarded", "", null)]
    public void Full_entropies_must_come_from_somewhere_where_a_reward_reads_them(string kind, string scoring, string shaper, string minimumSpread, string? wayOut)
    {
        string? refusal = Refusal(kind, scoring, configuration => configuration with
        {
            Reward = new RewardOptions { Shaper = shaper },
            Guards = new GuardOptions { MinimumSpread = minimumSpread.Length == 0 ? 0 : double.Parse(minimumSpread, System.Globalization.CultureInfo.InvariantCulture) },
        });

        if (wayOut is null)
            Assert.Null(refusal);
        else
            Assert.Contains(wayOut, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_takes_adapters_alone_does_not_draw_a_run_of_whole_weights()
    {
        Assert.Contains("Etr:Training:Lora:Rank=32", Refusal("vllm", "torch", configuration => configuration with { Training = new TrainingOptions() }), StringComparison.Ordinal);
        Assert.Null(Refusal("etr", "none", configuration => configuration with { Training = new TrainingOptions() }));
    }

    [Fact]
    public void Log_probabilities_of_what_truncation_leaves_are_refused() =>
        Assert.Contains("TopP at 1", Refusal("vllm", "torch", configuration => configuration with { Sampling = configuration.Sampling with { TopP = 0.9 } }), StringComparison.Ordinal);

    [Fact]
    public async Task It_is_refused_by_the_program_too_with_the_way_out()
    {
        Invocation call = await Invocation.RunAsync("train", "--dry-run", "--set", $"Etr:Samplers:Remote:0:Url={Url}", "--set", "Etr:Samplers:Remote:0:Model=m");

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("Etr:Samplers:Scoring=torch", call.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Etr:Samplers:Remote:0:Url=ftp://x", "Etr:Samplers:Remote:0:Url")]
    [InlineData("Etr:Samplers:Remote:8:Url=http://x", "no such setting")]
    [InlineData("Etr:Samplers:Remote:0:Kind=tgi", "one of vllm, sglang, etr")]
    public async Task A_setting_that_is_none_is_named(string setting, string said)
    {
        Invocation call = await Invocation.RunAsync("train", "--dry-run", "--set", setting);

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains(said, call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_models_and_names_are_checked_when_servers_are_resolved()
    {
        Assert.Contains("Model is missing", Failure(new RemoteServerSettings { Url = Url }), StringComparison.Ordinal);
        Assert.Contains("ETR_NO_SUCH_KEY, which is not set", Failure(new RemoteServerSettings { Url = Url, Model = "m", KeyVariable = "ETR_NO_SUCH_KEY" }), StringComparison.Ordinal);
        Assert.Contains("is missing, empty or larger", Failure(new RemoteServerSettings { Url = Url, Model = "m", KeyFile = "/no/such/file" }), StringComparison.Ordinal);
        Assert.Contains("called '127.0.0.1-1'", Failure(new RemoteServerSettings { Url = Url, Model = "m" }, new RemoteServerSettings { Url = Url, Model = "n" }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_is_asked_for_one_token_before_the_run_starts()
    {
        await using FakeServer server = await FakeServer.StartAsync(Ranks(temperature => temperature));

        Invocation passed = await CheckAsync(server, temperature: 0.5);

        Assert.Equal("", passed.Error);
        Assert.Contains("server     ", passed.Output, StringComparison.Ordinal);
        Assert.Equal(2, server.Calls);
    }

    [Fact]
    public async Task Log_probabilities_that_do_not_follow_the_temperature_are_refused()
    {
        await using FakeServer server = await FakeServer.StartAsync(Ranks(_ => 1));

        Invocation call = await CheckAsync(server, temperature: 0.5);

        Assert.Contains("--logprobs-mode processed_logprobs", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_the_server_does_not_list_is_refused()
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Draw([5]));

        Invocation call = await CheckAsync(server, temperature: 1, model: "other");

        Assert.Contains("it has no model 'other'; it lists 'base'", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_refused()
    {
        Invocation call = await CheckAsync(Url, temperature: 1, model: "base");

        Assert.Contains("unreachable", call.Error, StringComparison.Ordinal);
    }

    private static Func<HttpContext, JsonElement, Task> Ranks(Func<double, double> follows) => (context, body) =>
    {
        double temperature = follows(body.GetProperty("temperature").GetDouble());
        double[] logits = [0, -1, -2, -3, -4];
        double total = Math.Log(logits.Sum(logit => Math.Exp(logit / temperature)));
        var ranks = logits.Select((logit, id) => (Name: $"token_id:{id + 5}", LogProb: logit / temperature - total)).ToDictionary(rank => rank.Name, rank => rank.LogProb);
        string data = JsonSerializer.Serialize(new
        {
            choices = new[]
            {
                new
                {
                    index = 0, text = "a", token_ids = Ids, finish_reason = "length",
                    logprobs = new { tokens = Names, token_logprobs = new[] { ranks["token_id:5"] }, top_logprobs = new[] { ranks } },
                },
            },
        });
        return FakeServer.Raw(data, "[DONE]")(context, body);
    };

    private static Task<Invocation> CheckAsync(FakeServer server, double temperature, string model = "base") => CheckAsync(server.Url, temperature, model);

    private static async Task<Invocation> CheckAsync(string url, double temperature, string model)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        RunConfiguration configuration = Configuration() with { Sampling = new() { Temperature = temperature } };
        var settings = new SamplersSettings { Remote = [new RemoteServerSettings { Url = url, Model = model }], Scoring = "torch" };
        try
        {
            await RemoteCheck.RunAsync(settings, RunPlan.Of(configuration), new Terminal(output, error, interactive: false), TimeProvider.System, TestContext.Current.CancellationToken);
        }
        catch (CommandFailure e)
        {
            await error.WriteAsync(e.Message);
        }

        return new Invocation(0, output.ToString(), error.ToString());
    }

    private static RunConfiguration Configuration() => new() { Training = new TrainingOptions { Lora = new LoraOptions { Rank = 4 } } };

    private static string? Refusal(string kind, string scoring, Func<RunConfiguration, RunConfiguration> change)
    {
        var settings = new SamplersSettings { Remote = [new RemoteServerSettings { Url = Url, Kind = kind, Model = "m" }], Scoring = scoring };
        RunConfiguration configuration = change(Configuration());
        return RemoteCheck.Refusal(RemoteServer.All(settings), settings, configuration, RewardPlan.Of(configuration));
    }

    private static string Failure(params RemoteServerSettings[] servers) =>
        Assert.Throws<CommandFailure>(() => RemoteServer.All(new SamplersSettings { Remote = servers })).Message;
}
