using System.CommandLine;
using System.Globalization;
using Etr.Core.Runs;
using Etr.Policy.Runtime;
using Etr.Silo.Compare.Plots;
using Etr.Silo.Evaluation;
using Etr.Silo.Probing;
using Etr.Silo.Training;

namespace Etr.Silo.Cli;

/// <summary><c>etr probe</c>: what each reward would pay for on a policy, before anything is trained.</summary>
internal sealed class ProbeCommand : IEtrCommand
{
    private readonly SettingsOptions _settings = new();
    private readonly Option<string> _model = new("--model") { Description = "Directory with config.json, tokenizer.json and model.safetensors.", HelpName = "DIR", Required = true };
    private readonly Option<string?> _task = new("--task") { Description = "A generated task: arithmetic.", HelpName = "NAME" };
    private readonly Option<string?> _data = new("--data") { Description = "Training prompts: JSONL, Parquet or a directory of them, in a layout that docs/data.md lists; Etr:Dataset maps other columns.", HelpName = "FILE" };
    private readonly Option<string?> _adapter = new("--adapter") { Description = "Directory with adapter_config.json and adapter_model.safetensors (PEFT), put on the model.", HelpName = "DIR" };
    private readonly Option<int> _groups = new("--groups") { Description = "Most groups that are sampled, a prompt each.", HelpName = "N", DefaultValueFactory = static _ => 64 };
    private readonly Option<string?> _out = new("--out") { Description = "Write probe.json there.", HelpName = "DIR" };

    private readonly Option<string?> _plot = new("--plot") { Description = "Draw it there: r(reward, length) and r(R, H_1) of every reward, and the traces of Etr:Reward:Shaper. Ends in .svg or .png.", HelpName = "FILE" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr probe --model models/arithmetic --task arithmetic      what would each reward pay for on the shipped policy?",
        "etr probe --model DIR --data train.jsonl --groups 128 --out probe/",
        "etr probe --model models/arithmetic --task arithmetic --set Etr:Reward:Shaper=paper --plot probe.svg     as a page, with this reward's traces",
        "etr probe --model DIR --data train.jsonl --set Etr:Reward:Alpha=0.2     a reward of your own settings, beside the others",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command(
            "probe",
            "Sample groups from an untrained policy and say for every reward what it would pay for: longer or shorter chains, uncertain openings, wrong above right; and whether inserting a confident step raises it.")
        {
            _model, _adapter, _task, _data, _groups, _out, _plot,
        };
        _task.AcceptOnlyFromAmong("arithmetic");
        _settings.AddTo(command);
        _groups.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is not (>= 1 and <= 100_000))
                result.AddError("--groups: expected a number from 1 to 100000");
        });
        _plot.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } file && !ProbePlot.CanWrite(file))
                result.AddError($"--plot: expected a file that ends in {string.Join(" or ", ProbePlot.Ends)}");
        });
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
        int groups = parsed.GetValue(_groups);
        RunConfiguration configuration = _settings.Read(parsed, context.Environment, Flags(parsed)).Run;
        configuration = configuration with { Task = configuration.Task with { Prompts = Math.Max(configuration.Task.Prompts, groups) }, Evaluation = configuration.Evaluation with { Prompts = 0 } };
        Terminal terminal = context.Terminal;
        RunPlan plan = RunPlan.Of(configuration);
        plan.PrintRows(terminal);
        TorchRuntime.Start(plan.Configuration.Policy.Device, plan.Configuration.Policy.Threads);
        await using EvaluatedPolicy policy = await EvaluatedPolicy.OpenAsync(plan.Configuration.Policy, devices: "", parsed.GetValue(_adapter), interrupt);
        terminal.Line($"{Math.Min(groups, plan.Prompts.Count)} groups of {configuration.Run.GroupSize} traces on {plan.Prompts.Name}, temperature {configuration.Sampling.Temperature.ToString(CultureInfo.InvariantCulture)}");
        ProbeReport report = await new ProbeJob(plan, groups, TimeProvider.System).RunAsync(policy.Engines[0], policy.Policy, EvalCommand.Progress(terminal), interrupt);
        ProbeTable.Write(terminal, report);
        if (parsed.GetValue(_out) is { } folder)
        {
            string path = Path.GetFullPath(Path.Combine(folder, "probe.json"));
            await report.WriteAsync(path, interrupt);
            terminal.Line($"written    {path}");
        }

        if (parsed.GetValue(_plot) is { } plot)
        {
            if (!PlotStyle.HasFonts)
                terminal.Warn("there is no font on this machine, so the plot has no words: install one, such as Debian's fonts-dejavu-core");
            ProbePlot.Write(report.Rewards, plan.Rewards.Shaper.Name, plot);
            terminal.Line($"plot       {Path.GetFullPath(plot)}");
        }

        return ExitCodes.Done;
    }

    private List<KeyValuePair<string, string?>> Flags(ParseResult parsed)
    {
        var flags = new List<KeyValuePair<string, string?>> { new("Etr:Policy:Path", parsed.GetRequiredValue(_model)) };
        if (parsed.GetValue(_task) is { } task)
            flags.Add(new("Etr:Task:Name", task));
        if (parsed.GetValue(_data) is { } data)
            flags.AddRange([new("Etr:Task:Name", "jsonl"), new("Etr:Task:Data", data)]);
        return flags;
    }
}
