using System.Collections;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Net.Sockets;
using Etr.Core.Prompts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Runtime;
using Etr.Silo.Configuration;
using Microsoft.AspNetCore.Connections;

namespace Etr.Silo.Cli;

/// <summary>The program <c>etr</c>: reads a command line, runs its command, and turns what goes wrong into a sentence and an exit code.</summary>
internal sealed class EtrCommandLine
{
    private readonly Terminal _terminal;
    private readonly RootCommand _root;
    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Write log lines, and the stack trace of what goes wrong.",
        Recursive = true,
    };

    /// <summary>Makes the program.</summary>
    /// <param name="terminal">Where it talks.</param>
    /// <param name="environment">Environment variables.</param>
    public EtrCommandLine(Terminal terminal, IDictionary environment)
    {
        _terminal = terminal;
        _root = new RootCommand("Train a reasoning policy with the entropy trend reward (ETR): GRPO that pays for chains whose entropy falls.");
        _root.Options.Add(_verbose);
        var examples = new Dictionary<Command, string[]>
        {
            [_root] = ["etr train                     train the shipped policy on the built-in task", "etr doctor                    check this machine"],
        };
        var context = new CommandContext(terminal, environment, _verbose);
        foreach (IEtrCommand command in Commands())
        {
            Command made = command.Create(context);
            examples[made] = [.. command.Examples];
            _root.Subcommands.Add(made);
        }

        foreach (HelpOption option in _root.Options.OfType<HelpOption>())
            option.Action = new HelpWithExamples((HelpAction)option.Action!, examples);
    }

    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code: <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(string[] arguments, CancellationToken interrupt)
    {
        ParseResult parsed = _root.Parse(arguments);
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
            return Misused(parsed);
        try
        {
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = _terminal.Output,
                Error = _terminal.Error,
            };
            return await parsed.InvokeAsync(configuration, interrupt);
        }
        catch (Exception e)
        {
            return Report(e, parsed.GetValue(_verbose));
        }
    }

    private int Misused(ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
            _terminal.Fail(error.Message);
        string command = parsed.CommandResult.Command is RootCommand ? "etr" : $"etr {parsed.CommandResult.Command.Name}";
        _terminal.Error.WriteLine($"'{command} --help' says what there is, with examples.");
        return ExitCodes.BadUsage;
    }

    private int Report(Exception exception, bool verbose)
    {
        (int code, IReadOnlyList<string> lines) = exception switch
        {
            ConfigurationException e => (ExitCodes.BadUsage, e.Problems),
            CommandFailure e => (e.ExitCode, [e.Message]),
            TorchUnavailableException e => (ExitCodes.BadUsage, [e.Message]),
            CheckpointException e => (ExitCodes.BadUsage, [e.Message]),
            PromptFileException e => (ExitCodes.BadUsage, [e.Message]),
            AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } =>
                (ExitCodes.BadUsage, ["a port was taken at the last moment by another program: try again, or choose ports with --set Etr:Dashboard:Port=PORT and Etr:Cluster:SiloPort, GatewayPort, StorePort"]),
            OperationCanceledException => (ExitCodes.Interrupted, ["interrupted"]),
            _ => (ExitCodes.Failed, (IReadOnlyList<string>)[$"unexpected: {exception.Message.ReplaceLineEndings(" ")} (--verbose shows where)"]),
        };
        foreach (string line in lines)
            _terminal.Fail(line);
        if (verbose)
            _terminal.Error.WriteLine(exception);
        return code;
    }

    private static IEnumerable<IEtrCommand> Commands() =>
    [
        new TrainCommand(), new SiloCommand(), new RunCommand(), new DrainCommand(), new AuditCommand(),
        new ChaosCommand(), new CompareCommand(), new EvalCommand(), new ProbeCommand(), new InspectCommand(), new ExportCommand(), new PretrainCommand(), new ConformanceCommand(), new DoctorCommand(),
    ];
}
