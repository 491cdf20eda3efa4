using Etr.Core.Rollouts;
using Etr.Policy.Adapters;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// The rollout engine for small models on a CPU, in plain C#: no libtorch. A trace's bits depend on weights, prompt and random
/// numbers alone: not on what is drawn beside it, on the number of threads, or on where an earlier sampler stopped.
/// </summary>
public sealed class CpuRolloutEngine : IRolloutEngine
{
    private readonly int _capacity;
    private readonly WorkerTeam _team;
    private readonly ContinuousBatching _batching;
    private string? _checkedBase;

    /// <summary>Starts the engine's threads.</summary>
    /// <param name="config">The model's shape; every policy version has it.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="options">Threads and bounds; it always runs on the CPU.</param>
    /// <param name="clock">Told when the engine is busy.</param>
    /// <param name="quantised">Whether weights are kept in a byte each, rounded as they are loaded.</param>
    public CpuRolloutEngine(ModelConfig config, IPolicyTokenizer tokenizer, RolloutEngineOptions options, EngineClock clock, bool quantised = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        _capacity = options.Capacity;
        _team = new WorkerTeam(options.Threads == 0 ? Environment.ProcessorCount : options.Threads, options.LowPriority);
        _batching = new ContinuousBatching("rollouts cpu", new PolicyVocabulary(config, tokenizer), options, clock, policy =>
        {
            PolicyLoader.Check(policy);
            return new CpuLaneModel(Load(policy.File, config, quantised), _team);
        }, new CacheBudget(0, options.Capacity));
    }

    // Packed weights are a copy anyway, so adapters are merged as it is made. Their model is checked once and read through the memory map.
    private CpuWeights Load(string path, ModelConfig config, bool quantised)
    {
        if (AdapterFile.Read(path) is not { } file)
            return CpuWeights.Load(path, config, quantised);
        if (_checkedBase != file.BaseSha256)
        {
            file.CheckBase();
            _checkedBase = file.BaseSha256;
        }

        return CpuWeights.Load(file.BasePath, config, quantised, new RowAdapters(file, config));
    }

    /// <summary>Always <c>cpu</c>.</summary>
    public string Device => "cpu";

    /// <inheritdoc/>
    public int Capacity => _capacity;

    /// <inheritdoc/>
    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken) => _batching.SubmitAsync(request, cancellationToken);

    /// <summary>Ends every slot at its next token boundary, as cancelled, and waits for the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _batching.DisposeAsync();
        }
        finally
        {
            _team.Dispose();
        }
    }
}
