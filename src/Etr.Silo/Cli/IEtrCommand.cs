using System.Collections;
using System.CommandLine;

namespace Etr.Silo.Cli;

/// <summary>A verb of the program.</summary>
internal interface IEtrCommand
{
    /// <summary>Command lines to try, for the help.</summary>
    IReadOnlyList<string> Examples { get; }

    /// <summary>Makes the command with its options and its action.</summary>
    Command Create(CommandContext context);
}

/// <summary>What every command is given.</summary>
/// <param name="Terminal">Where it talks.</param>
/// <param name="Environment">Environment variables.</param>
/// <param name="Verbose">The option that asks for log lines.</param>
internal sealed record CommandContext(Terminal Terminal, IDictionary Environment, Option<bool> Verbose);
