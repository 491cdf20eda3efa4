using System.CommandLine;
using Etr.Silo.Configuration;
using Etr.Silo.Silos;

namespace Etr.Silo.Cli;

/// <summary><c>etr silo</c>: a member of a cluster.</summary>
internal sealed class SiloCommand : IEtrCommand
{
    private readonly SettingsOptions _settings = new();
    private readonly JoinOption _cluster = new("one in this process");
    private readonly Option<string?> _roles = new("--roles") { Description = "What it does: sampler, learner, dashboard, store, comma-separated; default all (Etr:Cluster:Roles).", HelpName = "A,B" };
    private readonly Option<string?> _devices = new("--devices") { Description = "Devices of its samplers: cpu, cpu:N (N threads), cuda:N, comma-separated (Etr:Cluster:Devices).", HelpName = "D,E" };
    private readonly Option<string?> _advertise = new("--advertise") { Description = "The IP address at which other machines reach it; needs Etr:Cluster:Secret off loopback (Etr:Cluster:Advertise).", HelpName = "IP" };
    private readonly Option<string?> _readyFile = new("--ready-file") { Description = "Write the READY line here too, once it is a member.", HelpName = "FILE" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr silo                                              the first of a cluster: store, learner, dashboard, a sampler; runs go on",
        "etr silo --join 127.0.0.1:21207 --roles sampler       more throughput for the runs of that cluster, at once",
        "etr silo --join 10.0.0.1:21207 --advertise 10.0.0.2   from another machine (Etr__Cluster__Secret in the environment)",
        "etr silo --set Etr:Cluster:Redis=redis:6379           a cluster whose store is a Redis of yours: any silo may die",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("silo", "Be a member of a cluster until Ctrl-C, SIGTERM or 'etr drain': samplers hand back what they draw, nothing is lost.")
        {
            _roles, _devices, _advertise, _readyFile,
        };
        _cluster.AddTo(command);
        _settings.AddTo(command);
        command.SetAction((parsed, interrupt) =>
        {
            EtrSettings settings = _settings.Read(parsed, context.Environment, Flags(parsed));
            return new SiloJob(settings, parsed.GetValue(_readyFile), parsed.GetValue(context.Verbose), context.Terminal, TimeProvider.System).RunAsync(interrupt);
        });
        return command;
    }

    private List<KeyValuePair<string, string?>> Flags(ParseResult parsed)
    {
        List<KeyValuePair<string, string?>> flags = _cluster.Flags(parsed);
        foreach ((Option<string?> option, string key) in new[] { (_roles, "Etr:Cluster:Roles"), (_devices, "Etr:Cluster:Devices"), (_advertise, "Etr:Cluster:Advertise") })
        {
            if (parsed.GetValue(option) is { } value)
                flags.Add(new(key, value));
        }

        return flags;
    }
}
