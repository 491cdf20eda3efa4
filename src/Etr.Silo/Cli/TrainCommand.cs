using System.CommandLine;
using Etr.Silo.Configuration;
using Etr.Silo.Training;

namespace Etr.Silo.Cli;

/// <summary><c>etr train</c>: the main job.</summary>
internal sealed class TrainCommand : IEtrCommand
{
    private readonly SettingsOptions _settings = new();
    private readonly Option<string?> _steps = new("--steps") { Description = "Policy updates (Etr:Run:Steps).", HelpName = "N" };
    private readonly Option<string?> _seed = new("--seed") { Description = "Seed of every random number (Etr:Run:Seed).", HelpName = "N" };
    private readonly Option<string?> _shaper = new("--shaper") { Description = "Reward: guarded (default), paper, reference or outcome (Etr:Reward:Shaper).", HelpName = "NAME" };
    private readonly Option<bool> _exit = new("--exit") { Description = "End with the run instead of keeping the dashboard up until Ctrl-C." };
    private readonly Option<string?> _summary = new("--summary") { Description = "Write what came of the run as JSON.", HelpName = "FILE" };
    private readonly Option<bool> _noDashboard = new("--no-dashboard") { Description = "Serve no pages; health and metrics take a free port." };
    private readonly Option<string?> _resume = new("--resume") { Description = "Go on with an unfinished run, under the configuration it started with.", HelpName = "RUN" };
    private readonly Option<double?> _minutes = MinutesOption.Of("End the run after so many minutes of training, whatever steps are left, and evaluate; evaluations do not count.");
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the resolved configuration and what would be loaded, and stop." };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr train                                           the shipped policy, the built-in task; dashboard on http://127.0.0.1:5080",
        "etr train --config configs/demo.json                the same in small, a minute or two",
        "etr train --shaper outcome --seed 2 --exit          plain GRPO, to compare with",
        "etr train --set Etr:Run:GroupSize=16 --dry-run      what a setting would change",
        "etr train --set Etr:Task:Name=jsonl --set Etr:Task:Data=train.parquet --set Etr:Dataset:HeldOutShare=0.05 --dry-run     prompts of your own: what would be read (docs/data.md)",
        "etr train --minutes 2 --exit                         whatever can be learnt in two minutes",
        "etr train --resume 20261123-001530-guarded          go on after Ctrl-C or a crash",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("train", "Train a policy: evaluate, train with live progress and a dashboard, evaluate again.")
        {
            _steps, _seed, _shaper, _exit, _summary, _noDashboard, _resume, _minutes, _dryRun,
        };
        _settings.AddTo(command);
        command.SetAction((parsed, interrupt) => RunAsync(parsed, context, interrupt));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CommandContext context, CancellationToken interrupt)
    {
        EtrSettings settings = _settings.Read(parsed, context.Environment, Flags(parsed));
        if (parsed.GetValue(_dryRun))
        {
            DryRun.Print(settings, context.Terminal);
            return ExitCodes.Done;
        }

        var request = new TrainRequest
        {
            Settings = settings,
            Resume = parsed.GetValue(_resume),
            Exit = parsed.GetValue(_exit),
            Summary = parsed.GetValue(_summary),
            Limit = parsed.GetValue(_minutes) is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            Verbose = parsed.GetValue(context.Verbose),
        };
        return await new TrainJob(request, context.Terminal, TimeProvider.System).RunAsync(interrupt);
    }

    // Flags are settings like any other, so that a wrong one is reported along with all the rest.
    private List<KeyValuePair<string, string?>> Flags(ParseResult parsed)
    {
        var flags = new List<KeyValuePair<string, string?>>();
        foreach ((Option<string?> option, string key) in new[] { (_steps, "Etr:Run:Steps"), (_seed, "Etr:Run:Seed"), (_shaper, "Etr:Reward:Shaper") })
        {
            if (parsed.GetValue(option) is { } value)
                flags.Add(new(key, value));
        }

        if (parsed.GetValue(_noDashboard))
            flags.Add(new("Etr:Dashboard:Enabled", "false"));
        return flags;
    }
}
