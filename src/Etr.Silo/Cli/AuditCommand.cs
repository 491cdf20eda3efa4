using System.CommandLine;
using Etr.Silo.Audits;
using Etr.Silo.Configuration;
using Etr.Silo.Store;
using Etr.Silo.Training;

namespace Etr.Silo.Cli;

/// <summary><c>etr audit RUN</c>: does the ledger close, and do store, manifests and files agree?</summary>
internal sealed class AuditCommand : IEtrCommand
{
    private readonly SettingsOptions _settings = new();
    private readonly JoinOption _cluster = new();
    private readonly Argument<string> _run = new("RUN") { Description = "The run's name, as 'etr train' printed it." };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr audit 20261123-001530-guarded",
        "etr audit 20261123-001530-guarded --set Etr:Data=/var/lib/etr",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("audit", "Recount a run from its store, manifests and files; exit code 1 where they differ. Works with and without a silo running.")
        {
            _run,
        };
        _cluster.AddTo(command);
        _settings.AddTo(command);
        command.SetAction((parsed, interrupt) => RunAsync(parsed, context, interrupt));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CommandContext context, CancellationToken interrupt)
    {
        HostSettings host = _settings.Read(parsed, context.Environment, _cluster.Flags(parsed)).Host;
        var data = DataDirectory.Existing(host.Data);
        StoredRun run = StoredRun.Open(data, parsed.GetRequiredValue(_run));
        string endpoint = host.Cluster.Join.Length > 0 ? host.Cluster.Join : host.Cluster.Redis;
        if (endpoint.Length > 0)
            return await AuditAsync(new StoreAddress(endpoint, host.Cluster.Secret, host.Cluster.Tls), host.Cluster, run, context.Terminal, interrupt);

        // Whoever holds the directory serves the store; if nobody does, this process serves it for as long as it takes.
        await using FileStream? held = data.TryHold();
        if (held is null)
        {
            int port = ClusterPorts.Kept(data.Store)?.Store
                ?? throw new CommandFailure($"another etr is at work in {data.Root} and has not said yet where its store is: try again in a moment");
            return await AuditAsync(new StoreAddress($"127.0.0.1:{port}", host.Cluster.Secret), host.Cluster, run, context.Terminal, interrupt);
        }

        ClusterPorts ports = await ClusterPorts.TakeAsync(data.Store, host.Cluster, 0, interrupt);
        using var store = EmbeddedStore.Start(data, ports.Store);
        return await AuditAsync(new StoreAddress($"127.0.0.1:{ports.Store}"), host.Cluster, run, context.Terminal, interrupt);
    }

    private static async Task<int> AuditAsync(StoreAddress store, ClusterSettings cluster, StoredRun run, Terminal terminal, CancellationToken interrupt)
    {
        await using StoredStates states = await StoredStates.OpenAsync(store, cluster.ClusterId, interrupt);
        return await new RunAudit(states, run.Name, run.Directory, terminal).RunAsync(interrupt) ? ExitCodes.Done : ExitCodes.Failed;
    }
}
