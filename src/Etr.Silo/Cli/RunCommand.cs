using System.CommandLine;
using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Silo.Configuration;
using Etr.Silo.Hosting;
using Etr.Silo.Silos;

namespace Etr.Silo.Cli;

/// <summary><c>etr run …</c>: the runs of a cluster, from any machine that reaches it.</summary>
internal sealed class RunCommand : IEtrCommand
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);
    private readonly SettingsOptions _settings = new();
    private readonly JoinOption _cluster = new();
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, for scripts." };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr run start --config configs/demo.json --join 127.0.0.1:21207",
        "etr run list",
        "etr run status                                        the newest run: state, ledger, silos, samplers, waits",
        "etr run status 20261123-001530-guarded --json",
        "etr run pause 20261123-001530-guarded",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("run", "Start, list, watch, pause, resume and stop the runs of a cluster.")
        {
            Start(context), List(context), Status(context),
            Change(context, "pause", "Deal no further group; open ones wait for 'resume'.", run => run.PauseAsync("paused by a person")),
            Change(context, "resume", "Go on with a run that was paused or has failed.", run => run.ResumeAsync()),
            Change(context, "stop", "End a run for good: open groups are cancelled, what is committed stands.", run => run.StopAsync("stopped by a person")),
        };
        return command;
    }

    private Command Start(CommandContext context) => Verb(context, "start", "Start a run under a configuration (--config, --set), on a silo that may train.", [], async (parsed, settings, door, interrupt) =>
    {
        string json = RunConfigurationJson.Write(settings.Run with { Policy = settings.Run.Policy with { Path = Located(settings.Run.Policy.Path) } });
        StartedRun started = await door.Grains.GetGrain<IRunStarterGrain>(0).StartAsync(json).WaitAsync(StartPatience, interrupt);
        if (started.Problem.Length > 0)
            throw new CommandFailure(started.Problem);
        context.Terminal.Line(parsed.GetValue(_json) ? StatusJson.Run(started.Run) : $"run        {started.Run}");
        return ExitCodes.Done;
    });

    private Command List(CommandContext context) => Verb(context, "list", "All runs of the cluster, newest first.", [], async (parsed, _, door, interrupt) =>
    {
        IReadOnlyList<RunEntry> runs = await ClusterDoor.AskAsync(() => door.Grains.GetGrain<IRunDirectoryGrain>(0).ListAsync(), interrupt);
        if (parsed.GetValue(_json))
            context.Terminal.Line(StatusJson.List(runs));
        else if (runs.Count == 0)
            context.Terminal.Line("no run has been started; 'etr run start' starts one");
        foreach (RunEntry run in parsed.GetValue(_json) ? [] : runs)
            context.Terminal.Line($"{run.Run}  {run.State.ToString().ToLowerInvariant()}  step {run.Step}/{run.Steps}");
        return ExitCodes.Done;
    });

    private Command Status(CommandContext context)
    {
        var name = new Argument<string?>("RUN") { Description = "The run's name; the newest run without it.", Arity = ArgumentArity.ZeroOrOne };
        return Verb(context, "status", "One run: state, step, ledger; the silos, the samplers, and what everything waits for.", [name], async (parsed, _, door, interrupt) =>
        {
            ClusterStatus status = await ClusterDoor.AskAsync(() => ClusterStatus.ReadAsync(door, parsed.GetValue(name), TimeProvider.System), interrupt);
            if (parsed.GetValue(_json))
                context.Terminal.Line(StatusJson.Write(status));
            else
                StatusText.Write(status, context.Terminal);
            return ExitCodes.Done;
        });
    }

    private Command Change(CommandContext context, string verb, string description, Func<IRunGrain, Task> change)
    {
        var name = new Argument<string>("RUN") { Description = "The run's name, as 'etr run list' gives it." };
        return Verb(context, verb, description, [name], async (parsed, _, door, interrupt) =>
        {
            string run = parsed.GetRequiredValue(name);
            IRunGrain grain = await ClusterDoor.AskAsync(() => door.RunAsync(run), interrupt);
            try
            {
                await ClusterDoor.AskAsync(
                    async () =>
                    {
                        await change(grain);
                        return true;
                    },
                    interrupt);
            }
            catch (InvalidOperationException e)
            {
                throw new CommandFailure(e.Message, ExitCodes.Failed, e);
            }

            RunStatus status = await ClusterDoor.AskAsync(grain.GetStatusAsync, interrupt);
            context.Terminal.Line($"{run}  {status.State.ToString().ToLowerInvariant()}  step {status.Step}/{status.Steps}{(status.Reason.Length > 0 ? $"  {status.Reason}" : "")}");
            return ExitCodes.Done;
        });
    }

    private Command Verb(
        CommandContext context, string name, string description, IReadOnlyList<Argument> arguments, Func<ParseResult, EtrSettings, ClusterDoor, CancellationToken, Task<int>> act)
    {
        var command = new Command(name, description) { _json };
        foreach (Argument argument in arguments)
            command.Arguments.Add(argument);
        _cluster.AddTo(command);
        _settings.AddTo(command);
        command.SetAction(async (parsed, interrupt) =>
        {
            EtrSettings settings = _settings.Read(parsed, context.Environment, _cluster.Flags(parsed));
            await using ClusterDoor door = await ClusterDoor.OpenAsync(settings.Host, interrupt);
            return await act(parsed, settings, door, interrupt);
        });
        return command;
    }

    // Where the model is here, it is meant; elsewhere the silo that starts the run looks for it.
    private static string Located(string path) => Directory.Exists(path) ? Path.GetFullPath(path) : path;
}
