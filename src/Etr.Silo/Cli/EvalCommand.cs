using System.CommandLine;
using System.Globalization;
using Etr.Core.Evaluation;
using Etr.Core.Runs;
using Etr.Policy.Runtime;
using Etr.Silo.Configuration;
using Etr.Silo.Evaluation;
using Etr.Silo.Training;

namespace Etr.Silo.Cli;

/// <summary><c>etr eval</c>: how right, how long and how steady a policy is on held-out prompts.</summary>
internal sealed class EvalCommand : IEtrCommand
{
    private const int LongestMillisecondsBetweenLines = 5000;

    private readonly SettingsOptions _settings = new();
    private readonly Option<string> _model = new("--model") { Description = "Directory with config.json, tokenizer.json and model.safetensors.", HelpName = "DIR", Required = true };
    private readonly Option<string?> _task = new("--task") { Description = "A generated task: arithmetic.", HelpName = "NAME" };
    private readonly Option<string?> _data = new("--data") { Description = "Prompts: JSONL, Parquet or a directory of them, in a layout that docs/data.md lists; Etr:Dataset maps other columns.", HelpName = "FILE" };
    private readonly Option<string?> _benchmark = new("--benchmark")
    {
        Description = $"What --data holds: {string.Join(", ", Benchmark.All.Select(benchmark => benchmark.Name))}. Sets prompt template, grader, greedy drawing, 16,384 new tokens and all prompts; flags and --set win over it.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _adapter = new("--adapter") { Description = "Directory with adapter_config.json and adapter_model.safetensors (PEFT), put on the model.", HelpName = "DIR" };
    private readonly Option<string?> _devices = new("--devices") { Description = "Samplers, one a device, with commas: cpu, cpu:N (N threads), cuda:N (Etr:Cluster:Devices).", HelpName = "LIST" };
    private readonly Option<string?> _baseline = new("--baseline") { Description = "What 'etr eval --out' wrote of another policy on the same prompts: prints the change of length and accuracy, and AES.", HelpName = "FILE" };
    private readonly Option<string?> _limit = new("--limit") { Description = "Most prompts (Etr:Evaluation:Prompts).", HelpName = "N" };
    private readonly Option<string?> _temperature = new("--temperature") { Description = "Sampling temperature; 0 is greedy (Etr:Sampling:Temperature).", HelpName = "T" };
    private readonly Option<string?> _samples = new("--samples") { Description = "Traces a prompt, k (Etr:Evaluation:Samples); 1 at temperature 0.", HelpName = "N" };
    private readonly Option<string?> _out = new("--out") { Description = "Write figures and a row per prompt as JSON. What is measured on the way is kept in FILE.rows, and the same command goes on from there.", HelpName = "FILE" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr eval --model models/arithmetic --task arithmetic",
        "etr eval --model models/arithmetic --task arithmetic --limit 64 --temperature 0 --samples 1",
        "etr eval --model DIR --benchmark math500 --data math500.jsonl --out base.json        greedy; run again after a crash, it goes on",
        "etr eval --model DIR --adapter ADAPTER --benchmark math500 --data math500.jsonl --baseline base.json      what did training change?",
        "etr eval --model DIR --benchmark aime24 --data aime.parquet --samples 16 --temperature 0.6 --devices cuda:0,cuda:1     avg@16, pass@k",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("eval", "Evaluate a model on held-out prompts: accuracy (avg@k), pass@k, mean length, Spearman's rho of step and entropy, AES against a baseline, a row per prompt.")
        {
            _model, _adapter, _task, _data, _benchmark, _limit, _temperature, _samples, _devices, _baseline, _out,
        };
        _task.AcceptOnlyFromAmong("arithmetic");
        _benchmark.AcceptOnlyFromAmong([.. Benchmark.All.Select(benchmark => benchmark.Name)]);
        _settings.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_task) is null == result.GetValue(_data) is null)
                result.AddError("name what to ask: either --task arithmetic or --data FILE");
            else if (result.GetValue(_benchmark) is not null && result.GetValue(_data) is null)
                result.AddError("--benchmark says what a file holds: name the file with --data FILE");
        });
        command.SetAction((parsed, interrupt) => RunAsync(parsed, context, interrupt));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CommandContext context, CancellationToken interrupt)
    {
        var benchmark = Benchmark.Find(parsed.GetValue(_benchmark));
        EtrSettings settings = _settings.Read(parsed, context.Environment, Flags(parsed), benchmark?.Settings ?? []);
        RunConfiguration configuration = WithOneGreedyTrace(settings);
        Terminal terminal = context.Terminal;
        RunPlan plan = RunPlan.OfHeldOut(configuration);
        plan.PrintRows(terminal);
        if (plan.HeldOut is not { } prompts)
            throw new CommandFailure("there is nothing to ask: --limit is 0");
        if (benchmark is not null && prompts.Count != benchmark.Questions)
            terminal.Warn($"{benchmark.Name} has {benchmark.Questions} questions ({benchmark.Source}), and {prompts.Count} are asked");
        EvaluationPair? baseline = parsed.GetValue(_baseline) is { } other
            ? await BaselineComparison.ReadAsync(other, [.. Enumerable.Range(0, prompts.Count).Select(index => prompts[index].Id)], interrupt)
            : null;

        TorchRuntime.Start(plan.Configuration.Policy.Device, plan.Configuration.Policy.Threads);
        await using EvaluatedPolicy policy = await EvaluatedPolicy.OpenAsync(plan.Configuration.Policy, settings.Host.Cluster.Devices, parsed.GetValue(_adapter), interrupt);
        terminal.Line($"{prompts.Count} prompts of {prompts.Name}, {configuration.Evaluation.Samples} samples at temperature {configuration.Sampling.Temperature.ToString(CultureInfo.InvariantCulture)}");
        var evaluation = new EvaluationPlan(
            prompts, TaskGraders.Of(configuration), plan.Rewards.Preset, policy.Policy, configuration.Sampling, configuration.Evaluation.Samples);
        string? file = parsed.GetValue(_out) is { } path ? Path.GetFullPath(path) : null;
        EvaluationPair pair = await DrawAsync(evaluation, policy, plan, file, terminal, interrupt);
        pair = pair with { Aes = BaselineComparison.Aes(baseline?.Sampled, pair.Sampled) };

        ResultTable.Write(terminal, pair);
        if (baseline is not null)
            BaselineComparison.Write(terminal, parsed.GetValue(_baseline)!, baseline, pair);
        if (file is not null)
        {
            await EvaluationFile.WriteAsync(file, pair, interrupt);
            File.Delete(JournalOf(file));
            terminal.Line($"written    {file}");
        }

        return ExitCodes.Done;
    }

    private static async Task<EvaluationPair> DrawAsync(EvaluationPlan evaluation, EvaluatedPolicy policy, RunPlan plan, string? file, Terminal terminal, CancellationToken interrupt)
    {
        using EvaluationJournal? journal = file is null ? null : OpenJournal(JournalOf(file), EvaluationIdentity.Of(evaluation, plan.Configuration));
        if (journal is { Known: > 0 })
            terminal.Line($"{journal.Known} prompts are measured already ({JournalOf(file!)}); going on");
        bool greedy = plan.Configuration.Evaluation.Greedy && plan.Configuration.Sampling.Temperature > 0;
        return await new Evaluator(policy.Engines, TimeProvider.System) { Journal = journal }.RunBothAsync(evaluation, greedy, Progress(terminal), interrupt);
    }

    private static EvaluationJournal OpenJournal(string path, string identity)
    {
        try
        {
            return EvaluationJournal.Open(path, identity);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(e.Message, inner: e);
        }
    }

    private static string JournalOf(string file) => file + ".rows";

    // Greedy traces of a prompt are all the same.
    private static RunConfiguration WithOneGreedyTrace(EtrSettings settings) =>
        settings.Run.Sampling.Temperature == 0 && !settings.Named.Contains("Etr:Evaluation:Samples")
            ? settings.Run with { Evaluation = settings.Run.Evaluation with { Samples = 1 } }
            : settings.Run;

    private List<KeyValuePair<string, string?>> Flags(ParseResult parsed)
    {
        var flags = new List<KeyValuePair<string, string?>> { new("Etr:Policy:Path", parsed.GetRequiredValue(_model)) };
        foreach ((Option<string?> option, string key) in new[]
        {
            (_limit, "Etr:Evaluation:Prompts"), (_samples, "Etr:Evaluation:Samples"), (_temperature, "Etr:Sampling:Temperature"), (_task, "Etr:Task:Name"),
            (_devices, "Etr:Cluster:Devices"),
        })
        {
            if (parsed.GetValue(option) is { } value)
                flags.Add(new(key, value));
        }

        if (parsed.GetValue(_data) is { } data)
            flags.AddRange([new("Etr:Task:Name", "jsonl"), new("Etr:Task:HeldOutData", data)]);
        return flags;
    }

    /// <summary>A line every few seconds.</summary>
    internal static Action<EvaluationProgress> Progress(Terminal terminal)
    {
        long spoke = Environment.TickCount64;
        return progress =>
        {
            long now = Environment.TickCount64;
            if (now - Interlocked.Read(ref spoke) < LongestMillisecondsBetweenLines)
                return;
            Interlocked.Exchange(ref spoke, now);
            terminal.Line($"{progress.Traces}/{progress.Of} traces");
        };
    }
}
