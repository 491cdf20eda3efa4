using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Runtime;
using Etr.Policy.Scoring;

namespace Etr.Silo.RemoteSamplers;

/// <summary>The servers that draw for this process, by the names of their samplers.</summary>
internal sealed class RemoteSamplerSet : IDisposable
{
    private readonly Dictionary<string, (RemoteServer Server, RemoteLink Link)> _servers;
    private readonly ILoggerFactory _loggers;
    private readonly bool _scores;
    private readonly PolicyOptions _policy;

    /// <param name="servers">The servers.</param>
    /// <param name="scores">Whether what they draw is scored here, where they send no entropies.</param>
    /// <param name="policy">Device and threads of the scoring pass.</param>
    /// <param name="metrics">What is measured.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where faults are told.</param>
    public RemoteSamplerSet(IReadOnlyList<RemoteServer> servers, bool scores, PolicyOptions policy, RemoteMetrics metrics, TimeProvider time, ILoggerFactory loggers)
    {
        (_scores, _policy, _loggers) = (scores, policy, loggers);
        _servers = servers.ToDictionary(server => server.Name, server => (server, new RemoteLink(server, metrics, time)), StringComparer.Ordinal);
    }

    /// <summary>Names of the samplers.</summary>
    public IReadOnlyList<string> Names => [.. _servers.Keys];

    /// <summary>Whether a sampler is a server's.</summary>
    public bool Has(string name) => _servers.ContainsKey(name);

    /// <summary>Traces that a server may be sent at once now; 0 while it is left alone.</summary>
    public int CapacityOf(string name)
    {
        (RemoteServer server, RemoteLink link) = _servers[name];
        bool up = !link.Health.IsOpen;
        link.Metrics.Up(name, up);
        return up ? server.Settings.Slots : 0;
    }

    /// <summary>How a server is doing, in words.</summary>
    public string StateOf(string name) => _servers[name].Link.Health.State;

    /// <summary>An engine for a model on a server.</summary>
    /// <exception cref="TorchUnavailableException">What is drawn is to be scored and libtorch does not load.</exception>
    public IRolloutEngine Create(string name, string modelFolder, string template)
    {
        (RemoteServer server, RemoteLink link) = _servers[name];
        RemoteModel model = RemoteModel.Open(modelFolder, template);
        PolicyScorer? scorer = _scores && !server.HasEntropies ? new PolicyScorer(model.Config, TorchRuntime.Start(_policy.Device, _policy.Threads)) : null;
        return new RemoteRolloutEngine(server, model, link, scorer, _loggers.CreateLogger<RemoteRolloutEngine>());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, RemoteLink link) in _servers.Values)
            link.Dispose();
    }
}
