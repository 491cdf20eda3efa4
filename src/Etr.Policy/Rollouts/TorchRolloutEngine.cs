using Etr.Core.Rollouts;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Tokenizers;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>The rollout engine over libtorch, for any device that has one.</summary>
public sealed class TorchRolloutEngine : IRolloutEngine
{
    private readonly RolloutEngineOptions _options;
    private readonly PolicyLoader _policies;
    private readonly CacheBudget _budget;
    private readonly KeyValueBlocks _blocks;
    private readonly ContinuousBatching _batching;

    /// <summary>Starts the engine's thread.</summary>
    /// <param name="config">The model's shape; every policy version has it.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="options">Device, threads and bounds.</param>
    /// <param name="clock">Told when the engine is busy.</param>
    /// <exception cref="TorchUnavailableException">libtorch does not load, or the device is not there.</exception>
    public TorchRolloutEngine(ModelConfig config, IPolicyTokenizer tokenizer, RolloutEngineOptions options, EngineClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        TorchRuntime runtime = TorchRuntime.Start(options.Device, options.Threads);
        _options = options;
        torch.ScalarType type = options.HalfPrecision ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;
        _policies = new PolicyLoader(config, runtime.Device, type);
        _budget = new CacheBudget(options.CacheTokens, options.Capacity);
        _blocks = new KeyValueBlocks(config, runtime.Device, _budget, type);
        _batching = new ContinuousBatching(
            $"rollouts {options.Device}", new PolicyVocabulary(config, tokenizer), options, clock,
            policy => new TorchLaneModel(_policies.Load(policy), _blocks, _budget, runtime.Device),
            _budget, _blocks.Reset, () => TorchRuntime.UseThreads(runtime.Threads));
    }

    /// <inheritdoc/>
    public string Device => _options.Device;

    /// <inheritdoc/>
    public int Capacity => _options.Capacity;

    /// <inheritdoc/>
    public EngineMemory Memory => new(_budget.Halvings, _budget.Slots, _budget.Tokens, _budget.GaveWay);

    /// <inheritdoc/>
    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken) => _batching.SubmitAsync(request, cancellationToken);

    /// <summary>Ends every slot at its next token boundary, as cancelled, and waits for the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        await _batching.DisposeAsync();
        _blocks.Dispose();
        _policies.Dispose();
    }
}
