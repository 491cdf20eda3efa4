using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Etr.Silo.Cli;

/// <summary>The usual help, and below it commands to try.</summary>
internal sealed class HelpWithExamples(HelpAction help, IReadOnlyDictionary<Command, string[]> examples) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool Terminating => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int code = help.Invoke(parseResult);
        if (!examples.TryGetValue(parseResult.CommandResult.Command, out string[]? lines))
            return code;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string line in lines)
            output.WriteLine($"  {line}");
        output.WriteLine();
        return code;
    }
}
