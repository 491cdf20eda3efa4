using System.CommandLine;

namespace Etr.Silo.Cli;

/// <summary>The options of commands that speak to a cluster: which one, and how.</summary>
/// <param name="without">What is taken where it is not given.</param>
internal sealed class JoinOption(string without = "the one of a silo on this machine, in Etr:Data")
{
    private readonly Option<string?> _join = new("--join")
    {
        Description = $"The cluster's store, as 'etr silo' and 'etr train' print it (Etr:Cluster:Join); without it, {without}.",
        HelpName = "HOST:PORT",
    };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command) => command.Options.Add(_join);

    /// <summary>What was given, as settings.</summary>
    public List<KeyValuePair<string, string?>> Flags(ParseResult parsed) =>
        parsed.GetValue(_join) is { } join ? [new("Etr:Cluster:Join", join)] : [];
}
