using System.CommandLine;
using System.Globalization;
using Etr.Core.Evaluation;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Silo.Engines;
using Etr.Silo.Training;

namespace Etr.Silo.Cli;

/// <summary><c>etr eval</c>: how right, how long and how steady a policy is on held-out prompts.</summary>
internal sealed class EvalCommand : IEtrCommand
{
    private const int LongestMillisecondsBetweenLines = 5000;

    private readonly SettingsOptions _settings = new();
    private readonly Option<string> _model = new("--model") { Description = "Directory with config.json, tokenizer.json and model.safetensors.", HelpName = "DIR", Required = true };
    private readonly Option<string?> _task = new("--task") { Description = "A generated task: arithmetic.", HelpName = "NAME" };
    private readonly Option<string?> _data = new("--data") { Description = "A file of prompts, one JSON object a line: id, problem, answer.", HelpName = "FILE" };
    private readonly Option<string?> _limit = new("--limit") { Description = "Most prompts (Etr:Evaluation:Prompts).", HelpName = "N" };
    private readonly Option<string?> _temperature = new("--temperature") { Description = "Sampling temperature; 0 is greedy (Etr:Sampling:Temperature).", HelpName = "T" };
    private readonly Option<string?> _samples = new("--samples") { Description = "Traces a prompt (Etr:Evaluation:Samples).", HelpName = "N" };
    private readonly Option<string?> _out = new("--out") { Description = "Write figures and a row per prompt as JSON.", HelpName = "FILE" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr eval --model models/arithmetic --task arithmetic",
        "etr eval --model models/arithmetic --task arithmetic --limit 64 --temperature 0 --samples 1",
        "etr eval --model DIR --data math500.jsonl --limit 100 --out result.json",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("eval", "Evaluate a model on held-out prompts: accuracy, mean length, Spearman's rho of step and entropy, a row per prompt.")
        {
            _model, _task, _data, _limit, _temperature, _samples, _out,
        };
        _task.AcceptOnlyFromAmong("arithmetic");
        _settings.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_task) is null == result.GetValue(_data) is null)
                result.AddError("name what to ask: either --task arithmetic or --data FILE");
        });
        command.SetAction((parsed, interrupt) => RunAsync(parsed, context, interrupt));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CommandContext context, CancellationToken interrupt)
    {
        RunConfiguration configuration = _settings.Read(parsed, context.Environment, Flags(parsed)).Run;
        Terminal terminal = context.Terminal;
        RunPlan plan = RunPlan.OfHeldOut(configuration);
        if (plan.HeldOut is not { } prompts)
            throw new CommandFailure("there is nothing to ask: --limit is 0");
        plan.PrintRows(terminal);
        TorchRuntime.Start(plan.Configuration.Policy.Device, plan.Configuration.Policy.Threads);
        await using IRolloutEngine engine = RolloutEngines.Create(plan.Configuration.Policy, new EngineClock(TimeProvider.System));
        PolicyRef policy = await StartingPolicy.OfAsync(plan.Configuration.Policy.Path, interrupt);
        terminal.Line($"{prompts.Count} prompts of {prompts.Name}, {configuration.Evaluation.Samples} samples at temperature {configuration.Sampling.Temperature.ToString(CultureInfo.InvariantCulture)}");
        var evaluation = new EvaluationPlan(
            prompts, TaskGraders.Of(configuration), plan.Rewards.Preset, policy, configuration.Sampling, configuration.Evaluation.Samples);
        bool greedy = configuration.Evaluation.Greedy && configuration.Sampling.Temperature > 0;
        EvaluationPair pair = await new Evaluator(engine, TimeProvider.System).RunBothAsync(evaluation, greedy, Progress(terminal), interrupt);

        ResultTable.Write(terminal, pair);
        if (parsed.GetValue(_out) is { } path)
        {
            await EvaluationFile.WriteAsync(Path.GetFullPath(path), pair, interrupt);
            terminal.Line($"written    {Path.GetFullPath(path)}");
        }

        return ExitCodes.Done;
    }

    private List<KeyValuePair<string, string?>> Flags(ParseResult parsed)
    {
        var flags = new List<KeyValuePair<string, string?>> { new("Etr:Policy:Path", parsed.GetRequiredValue(_model)) };
        foreach ((Option<string?> option, string key) in new[]
        {
            (_limit, "Etr:Evaluation:Prompts"), (_samples, "Etr:Evaluation:Samples"), (_temperature, "Etr:Sampling:Temperature"), (_task, "Etr:Task:Name"),
        })
        {
            if (parsed.GetValue(option) is { } value)
                flags.Add(new(key, value));
        }

        if (parsed.GetValue(_data) is { } data)
            flags.AddRange([new("Etr:Task:Name", "jsonl"), new("Etr:Task:Data", data), new("Etr:Task:HeldOutData", data)]);
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
