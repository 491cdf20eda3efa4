using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Rollouts;

/// <summary>Makes the rollout engine that a run's configuration asks for.</summary>
public static class RolloutEngines
{
    /// <summary>Reads the model's configuration and tokenizer and starts the engine.</summary>
    /// <param name="policy">The model's folder, the kind of engine, its device and slots.</param>
    /// <param name="clock">Told when the engine is busy.</param>
    /// <param name="lowPriority">Whether its thread leaves room for a cluster's probes.</param>
    /// <exception cref="Checkpoints.CheckpointException">A file of the model is missing or not as it should be.</exception>
    /// <exception cref="Runtime.TorchUnavailableException">libtorch does not load, or the device is not there.</exception>
    public static IRolloutEngine Create(PolicyOptions policy, EngineClock clock, bool lowPriority = false)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ModelConfig config = ModelConfig.Read(Path.Combine(policy.Path, ModelFiles.Config));
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(policy.Path, ModelFiles.Tokenizer));
        var options = new RolloutEngineOptions
        {
            Device = policy.Device,
            Threads = policy.Threads,
            Capacity = policy.Slots,
            LowPriority = lowPriority,
        };
        return policy.Engine == "deterministic"
            ? new DeterministicRolloutEngine(config, tokenizer, options, clock)
            : new TorchRolloutEngine(config, tokenizer, options, clock);
    }
}
