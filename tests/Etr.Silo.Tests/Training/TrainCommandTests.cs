using System.Net;
using System.Net.Sockets;
using Etr.Silo.Cli;
using Etr.Silo.Tests.Cli;

namespace Etr.Silo.Tests.Training;

/// <summary>What <c>etr train</c> refuses before it starts anything: a sentence with the way out, exit code 2, no stack trace.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-refused-").FullName;

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_dry_run_prints_every_key_marks_the_named_ones_and_writes_nothing()
    {
        Invocation call = await Invocation.RunAsync("train", "--dry-run", "--steps", "7", "--set", $"Etr:Data={_folder}/none");

        Assert.Equal(ExitCodes.Done, call.Code);
        Assert.Contains("* Etr:Run:Steps = 7", call.Output, StringComparison.Ordinal);
        Assert.Contains("  Etr:Run:GroupSize = 8", call.Output, StringComparison.Ordinal);
        Assert.Contains("model      ", call.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "none")));
    }

    [Theory]
    [InlineData("grpo", "update     grpo, token-mean, clip 0.2/0.2, dual clip 3, correction none, KL k3 × 0,", "advantages trend-normalized")]
    [InlineData("dr-grpo", "update     dr-grpo, constant, clip 0.2/0.2, dual clip 3, correction none,", "advantages center")]
    [InlineData("gspo", "update     gspo, seq-mean-token-mean, clip 0.0003/0.0004, correction none,", "advantages trend-normalized")]
    [InlineData("sapo", "update     sapo, seq-mean-token-mean, no clip, correction none,", "advantages trend-normalized")]
    public async Task A_dry_run_names_what_the_loss_has_filled_in(string loss, string update, string advantages)
    {
        Invocation call = await Invocation.RunAsync("train", "--dry-run", "--set", $"Etr:Training:Loss={loss}");

        Assert.Equal(ExitCodes.Done, call.Code);
        Assert.Contains(update, call.Output, StringComparison.Ordinal);
        Assert.Contains(advantages, call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_set_wins_over_what_the_loss_would_fill_in()
    {
        Invocation call = await Invocation.RunAsync(
            "train", "--dry-run", "--set", "Etr:Training:Loss=dr-grpo", "--set", "Etr:Reward:Estimator=rloo", "--set", "Etr:Training:Aggregation=token-mean");

        Assert.Contains("advantages rloo", call.Output, StringComparison.Ordinal);
        Assert.Contains("update     dr-grpo, token-mean", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_cannot_fit_into_memory_is_refused_before_it_starts_with_the_way_out()
    {
        Invocation call = await Refused("--set", "Etr:Training:MicroBatchTokens=16777216");

        Assert.Contains("GiB of memory and there are", call.Error, StringComparison.Ordinal);
        Assert.Contains("Etr:Training:Checkpointing=true", call.Error, StringComparison.Ordinal);
        Assert.Contains("activations", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clip_for_a_loss_without_one_is_refused()
    {
        Invocation call = await Refused("--set", "Etr:Training:Loss=sapo", "--set", "Etr:Training:ClipHigh=0.3");

        Assert.Contains("loss 'sapo' has no upper clip range", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_learning_rate_that_decays_by_evaluations_needs_some()
    {
        Invocation call = await Refused("--set", "Etr:Evaluation:DecayPatience=3");

        Assert.Contains("Etr:Evaluation:Every makes none", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_not_printed()
    {
        Invocation call = await Invocation.RunAsync("train", "--dry-run", "--set", "Etr:Dashboard:Secret=correct-horse-battery");

        Assert.Contains("Etr:Dashboard:Secret = (set)", call.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("correct-horse", call.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("paper")]
    [InlineData("reference")]
    public async Task A_preset_that_pays_for_drops_warns_in_one_line(string shaper)
    {
        Invocation call = await Invocation.RunAsync("train", "--dry-run", "--shaper", shaper);

        Assert.StartsWith("warning: ", call.Error, StringComparison.Ordinal);
        Assert.Single(call.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Wrong_flags_and_wrong_settings_are_told_together()
    {
        Invocation call = await Refused("--steps", "0", "--shaper", "magic", "--set", "Etr:Sampling:TopP=2", "--set", "Etr:Nothing=1");

        Assert.Equal(4, call.Error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task A_missing_model_names_its_directory_and_the_way_out()
    {
        Invocation call = await Refused("--set", $"Etr:Policy:Path={_folder}/no-model");

        Assert.Contains("no-model", call.Error, StringComparison.Ordinal);
        Assert.Contains("etr pretrain", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_checkpoint_names_the_file_and_what_was_expected()
    {
        string model = Path.Combine(_folder, "model");
        Directory.CreateDirectory(model);
        string shipped = Etr.Silo.Engines.StartingPolicy.Locate("models/arithmetic");
        foreach (string file in Directory.EnumerateFiles(shipped))
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        using (FileStream weights = File.OpenWrite(Path.Combine(model, "model.safetensors")))
            weights.SetLength(weights.Length / 2);

        Invocation call = await Refused("--set", $"Etr:Policy:Path={model}");

        Assert.Contains("model.safetensors", call.Error, StringComparison.Ordinal);
        Assert.Contains("expected", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_refused()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "this machine has a CUDA device");

        Assert.Contains("CUDA", (await Refused("--set", "Etr:Policy:Device=cuda:0")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Invocation call = await Refused("--set", $"Etr:Dashboard:Port={port}");

        Assert.Contains($"port {port} on 127.0.0.1 is taken", call.Error, StringComparison.Ordinal);
        Assert.Contains("Etr:Dashboard:Port", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_others_can_reach_needs_a_secret() =>
        Assert.Contains("Etr:Dashboard:Secret", (await Refused("--set", "Etr:Dashboard:Host=0.0.0.0")).Error, StringComparison.Ordinal);

    [Fact]
    public async Task A_data_directory_that_cannot_be_made_is_named()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");

        Assert.Contains("cannot be written", (await Refused("--set", $"Etr:Data={file}")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_is_not_there_cannot_be_resumed() =>
        Assert.Contains("there is no run '20200101-000000-guarded'", (await Refused("--resume", "20200101-000000-guarded")).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("..")]
    [InlineData("../../etc")]
    public async Task A_run_name_is_no_path(string name) =>
        Assert.Contains("there is no run", (await Refused("--resume", name)).Error, StringComparison.Ordinal);

    [Fact]
    public async Task Bad_prompt_rows_are_named_by_file_and_line()
    {
        string prompts = Path.Combine(_folder, "prompts.jsonl");
        File.WriteAllText(prompts, "{\"id\": \"a\", \"problem\": \"[A]\", \"answer\": \"2\"}\nnot a prompt\n");

        Invocation call = await Refused("--set", "Etr:Task:Name=jsonl", "--set", $"Etr:Task:Data={prompts}");

        Assert.Contains($"{prompts}:2:", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompts_that_the_policys_tokenizer_cannot_encode_are_refused_by_name_before_anything_starts()
    {
        foreach (string command in (string[])["train", "eval", "probe"])
        {
            string[] start = command == "train" ? ["train", "--exit", "--no-dashboard"] : [command, "--model", "models/arithmetic", "--task", "arithmetic"];
            Invocation call = await Invocation.RunAsync([.. start, "--set", "Etr:Task:Styles=D", "--set", $"Etr:Data={Path.Combine(_folder, "data")}"]);

            Assert.Equal(ExitCodes.BadUsage, call.Code);
            Assert.StartsWith("etr: the policy can't read prompt 'arithmetic/train/0'", call.Error, StringComparison.Ordinal);
            Assert.Contains("[D]", call.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_papers_configuration_names_only_settings_that_there_are_and_asks_for_its_model()
    {
        string root = Path.GetDirectoryName(Path.GetDirectoryName(Etr.Silo.Engines.StartingPolicy.Locate("models/arithmetic")))!;
        Invocation call = await Refused("--config", Path.Combine(root, "configs", "deepseek-r1-distill-qwen-7b.json"), "--set", "Etr:Task:Data=DeepMath-103K/data");

        Assert.StartsWith("etr: there is no model directory", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_over_the_policys_context_is_named_by_file_and_line()
    {
        string prompts = Path.Combine(_folder, "prompts.jsonl");
        File.WriteAllLines(prompts, ["""{"problem":"[A]","answer":"2"}""", $$"""{"problem":"[A]{{new string('1', 600)}}","answer":"2"}"""]);

        Invocation call = await Refused("--set", "Etr:Task:Name=jsonl", "--set", $"Etr:Task:Data={prompts}");

        Assert.Contains($"{prompts}:2: the prompt has 601 tokens, and the policy's context leaves room for 511", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Held_out_prompts_come_from_a_file_or_from_a_share_and_not_from_both()
    {
        string prompts = Path.Combine(_folder, "prompts.jsonl");
        File.WriteAllText(prompts, """{"problem":"[A]","answer":"2"}""");

        Invocation call = await Refused("--set", "Etr:Task:Name=jsonl", "--set", $"Etr:Task:Data={prompts}", "--set", $"Etr:Task:HeldOutData={prompts}", "--set", "Etr:Dataset:HeldOutShare=0.1");
        Assert.Contains("set one of them", call.Error, StringComparison.Ordinal);

        Invocation both = await Refused("--set", "Etr:Task:Name=jsonl", "--set", $"Etr:Task:Data={prompts}", "--set", $"Etr:Task:HeldOutData={prompts}");
        Assert.Contains("1 of 1 training prompts ask a question of", both.Error, StringComparison.Ordinal);
    }

    private async Task<Invocation> Refused(params string[] arguments)
    {
        Invocation call = await Invocation.RunAsync(["train", "--exit", "--no-dashboard", "--set", $"Etr:Data={Path.Combine(_folder, "data")}", .. arguments]);
        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.DoesNotContain("   at ", call.Error, StringComparison.Ordinal);
        return call;
    }
}
