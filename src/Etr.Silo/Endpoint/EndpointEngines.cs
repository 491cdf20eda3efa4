using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Chat;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;

namespace Etr.Silo.Endpoint;

/// <summary>What a served policy is drawn and read with.</summary>
/// <param name="Engine">Its engine.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Config">Its shape.</param>
internal sealed record ServedModel(IRolloutEngine Engine, IPolicyTokenizer Tokenizer, ModelConfig Config);

/// <summary>The engine of a served policy.</summary>
internal interface IEndpointEngines
{
    /// <summary>The engine, made when its model is first drawn with.</summary>
    ValueTask<ServedModel> OpenAsync(ServedPolicy policy, CancellationToken cancellationToken);
}

/// <summary>
/// The endpoint's own engines, apart from the samplers': a request here never waits in a sampler's queue and never takes its slots. Their
/// time is not the run's, so they are not in its clock.
/// </summary>
internal sealed class EndpointEngines(EndpointSettings settings, PolicyOptions policy, TimeProvider time) : IEndpointEngines, IAsyncDisposable
{
    // Models of different runs of one cluster; a run's versions share one.
    private const int MostModels = 8;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServedModel> _models = new(StringComparer.Ordinal);
    private readonly EngineProvider _engines = new(
        [DeviceSpec.Parse(policy.Device)],
        policy with { Slots = settings.Slots, Threads = settings.Threads > 0 ? settings.Threads : policy.Threads },
        new EngineClock(time),
        lowPriority: true);

    /// <inheritdoc/>
    public async ValueTask<ServedModel> OpenAsync(ServedPolicy policy, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_models.TryGetValue(policy.Run, out ServedModel? known))
                return known;
        }

        // An engine reads a model's files and starts threads: not on a request's turn. Two that come at once get the same engine.
        ServedModel model = await Task.Run(
            async () => new ServedModel(
                await _engines.OpenAsync(_engines.Devices[0], policy.Options.ToEngineKind(), policy.Folder, cancellationToken),
                PromptTokenizer.Open(policy.Folder, policy.Options.Template),
                ModelConfig.Read(Path.Combine(policy.Folder, ModelFiles.Config))),
            cancellationToken);
        lock (_lock)
        {
            if (_models.Count >= MostModels)
                _models.Clear();
            return _models[policy.Run] = model;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _engines.DisposeAsync();
}
