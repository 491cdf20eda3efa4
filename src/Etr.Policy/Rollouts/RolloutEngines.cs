using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Models;
using Etr.Policy.Rollouts.Cpu;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Chat;

namespace Etr.Policy.Rollouts;

/// <summary>Makes the rollout engine that a run's configuration asks for.</summary>
public static class RolloutEngines
{
    /// <summary>Parameters up to which <c>auto</c> takes the CPU engine: about the largest model that it was measured with.</summary>
    public const long MostCpuParameters = 150_000_000;

    /// <summary>Reads the model's configuration and tokenizer and starts the engine.</summary>
    /// <param name="policy">The model's folder, the kind of engine, its device and slots.</param>
    /// <param name="clock">Told when the engine is busy.</param>
    /// <param name="lowPriority">Whether its threads leave room for a cluster's probes.</param>
    /// <exception cref="Checkpoints.CheckpointException">A file of the model is missing or not as it should be.</exception>
    /// <exception cref="Runtime.TorchUnavailableException">The torch engine is to run and libtorch does not load, or the device is not there.</exception>
    /// <exception cref="ArgumentException">int8 is asked of the torch engine, or bf16 of the CPU engine.</exception>
    public static IRolloutEngine Create(PolicyOptions policy, EngineClock clock, bool lowPriority = false)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ModelConfig config = ModelConfig.Read(Path.Combine(policy.Path, ModelFiles.Config));
        IPolicyTokenizer tokenizer = PromptTokenizer.Open(policy.Path, policy.Template);
        var options = new RolloutEngineOptions
        {
            Device = policy.Device,
            Threads = policy.Threads,
            Capacity = policy.Slots,
            CacheTokens = policy.CacheTokens,
            HalfPrecision = policy.Weights == "bf16",
            LowPriority = lowPriority,
        };
        bool quantised = policy.Quantization == "int8";
        if (TakesCpu(policy, config))
        {
            if (policy.Weights != "f32")
                throw new ArgumentException("Etr:Policy:Weights=bf16 is of the torch engine alone: set Etr:Policy:Engine=torch, or Weights=f32.", nameof(policy));

            return new CpuRolloutEngine(config, tokenizer, options, clock, quantised);
        }

        return quantised
            ? throw new ArgumentException("Etr:Policy:Quantization=int8 is of the cpu engine alone: set Etr:Policy:Engine=cpu, or Quantization=none.", nameof(policy))
            : new TorchRolloutEngine(config, tokenizer, options, clock);
    }

    /// <summary>Whether a model is drawn with by the CPU engine under these options.</summary>
    public static bool TakesCpu(PolicyOptions policy, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(config);
        return policy.Engine switch
        {
            "cpu" or "deterministic" => true,
            "auto" => policy.Device == "cpu" && config.ParameterCount <= MostCpuParameters,
            _ => false,
        };
    }
}
