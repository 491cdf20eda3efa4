using System.CommandLine;
using System.Globalization;
using Etr.Silo.Compare;
using Etr.Silo.Training;

namespace Etr.Silo.Cli;

/// <summary><c>etr compare</c>: trains with several rewards over several seeds, and says what each did.</summary>
internal sealed class CompareCommand : IEtrCommand
{
    private readonly SettingsOptions _settings = new();
    private readonly Option<string> _shapers = new("--shapers", "--arms")
    {
        Description = "Arms: reward shapers, controls (random, variation-only, alpha-0 to alpha-1, symmetric, length-penalty), or groups (all, shapers, controls, doses).",
        HelpName = "NAMES",
        DefaultValueFactory = static _ => "guarded,reference,paper,outcome",
    };

    private readonly Option<string[]> _arms = new("--arm")
    {
        Description = "An arm of your own; may be repeated.",
        HelpName = "NAME:KEY=VALUE;…",
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<string> _seeds = new("--seeds") { Description = "How many seeds (5 is 1 to 5), a list (1,3,7) or a range (4-6).", HelpName = "N", DefaultValueFactory = static _ => "3" };
    private readonly Option<string> _out = new("--out") { Description = "The folder of all runs and results.", HelpName = "DIR", DefaultValueFactory = static _ => "results" };
    private readonly Option<int?> _jobs = new("--jobs") { Description = "Runs at once; as many as there are cores for where not given.", HelpName = "N" };
    private readonly Option<double?> _minutes = MinutesOption.Of("Compare at equal wall clock: each run ends after so many minutes of training. Without it, at equal steps.");
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the arms, their settings and how long it may take, and stop." };
    private readonly Option<bool> _tableOnly = new("--table-only") { Description = "Train nothing: make RESULTS.md and results.json again from what is there." };
    private readonly Option<bool> _plotsOnly = new("--plots-only") { Description = "Train nothing: make the plots again from what is there." };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr compare --shapers guarded,reference,paper,outcome --seeds 3 --out results",
        "etr compare --shapers all --seeds 5 --minutes 2 --out at-equal-time",
        "etr compare --shapers doses,outcome --seeds 3 --set Etr:Task:Styles=B --out doses",
        "etr compare --shapers guarded --arm 'steep:Etr:Reward:Shaper=guarded;Etr:Reward:Beta=2' --out mine",
        "etr compare --plots-only --out results              the plots again, from the runs that are there",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("compare", "Train with several rewards over several seeds, each in a process of its own, and write tables, sentences and plots. Run it again to go on where it stopped.")
        {
            _shapers, _arms, _seeds, _out, _jobs, _minutes, _dryRun, _tableOnly, _plotsOnly,
        };
        _settings.AddTo(command);
        _jobs.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int?>() is not (>= 1 and <= 1024))
                result.AddError("--jobs: expected a whole number from 1 to 1024");
        });
        command.SetAction((parsed, interrupt) => RunAsync(parsed, context, interrupt));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CommandContext context, CancellationToken interrupt)
    {
        Terminal terminal = context.Terminal;
        string folder = Path.GetFullPath(parsed.GetRequiredValue(_out));
        OutputKinds only = (parsed.GetValue(_tableOnly) ? OutputKinds.Tables : 0) | (parsed.GetValue(_plotsOnly) ? OutputKinds.Plots : 0);
        if (only != 0)
        {
            return await CompareOutputs.WriteAsync(folder, [], only, terminal, interrupt)
                ? ExitCodes.Done
                : throw new CommandFailure($"there is no finished run in {folder}");
        }

        IReadOnlyList<Arm> arms = ArmCatalogue.Parse(parsed.GetRequiredValue(_shapers), parsed.GetValue(_arms) ?? []);
        var request = new CompareRequest
        {
            Seeds = SeedList.Parse(parsed.GetRequiredValue(_seeds)),
            Out = folder,
            Jobs = parsed.GetValue(_jobs),
            Limit = parsed.GetValue(_minutes) is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
        };
        ComparePlan plan = ComparePlan.Of(laid => _settings.Read(parsed, context.Environment, laid), arms, request);
        foreach (string warning in plan.Warnings)
            terminal.Warn(warning);
        if (parsed.GetValue(_dryRun))
        {
            Print(plan, terminal);
            return ExitCodes.Done;
        }

        int code = await new CompareRunner(plan, new TrainChild(), terminal, TimeProvider.System).RunAsync(interrupt);

        // What is there is worth showing, also where some runs failed or a person has seen enough.
        await CompareOutputs.WriteAsync(folder, [.. plan.Arms.Select(arm => arm.Name)], OutputKinds.All, terminal, CancellationToken.None);
        return code;
    }

    private static void Print(ComparePlan plan, Terminal terminal)
    {
        foreach (PlannedArm arm in plan.Arms)
        {
            terminal.Line($"{arm.Name,-20} {arm.Estimator,-18} {string.Join("  ", arm.Settings.Select(setting => $"{setting.Key}={setting.Value}"))}");
        }

        CompareJob[] jobs = [.. plan.AllJobs];
        int there = jobs.Count(job => job.Folder.IsFinished);
        TimeSpan? estimate = CompareEstimate.Of(plan);
        terminal.Line();
        terminal.Line($"seeds      {string.Join(", ", plan.Seeds)}");
        terminal.Line(plan.Limit is { } limit
            ? string.Create(CultureInfo.InvariantCulture, $"equal time {limit.TotalMinutes:0.##} minutes of training each, evaluations beside it")
            : $"equal steps {string.Join(", ", plan.Arms.Select(arm => arm.Configuration.Run.Steps).Distinct().Order())} at most");
        terminal.Line($"runs       {plan.Arms.Count} arms x {plan.Seeds.Count} seeds = {jobs.Length}, {there} there already; {plan.Jobs} at a time with {plan.Threads} thread{(plan.Threads == 1 ? "" : "s")} each");
        terminal.Line($"folder     {plan.Out}");
        terminal.Line(estimate is { } left ? $"time       about {StepFigures.Remaining(left)}, a guess good to a factor of two" : "time       known once the first run has ended");
    }
}
