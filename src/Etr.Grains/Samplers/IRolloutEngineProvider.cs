using Etr.Core.Rollouts;

namespace Etr.Grains.Samplers;

/// <summary>The rollout engines of this process, one a device. Registered by the host on silos with devices.</summary>
public interface IRolloutEngineProvider
{
    /// <summary>Devices of this process, such as <c>cpu</c> or <c>cuda:0</c>; fixed for its life.</summary>
    IReadOnlyList<string> Devices { get; }

    /// <summary>How a device is doing, in words, where it may do otherwise than well; empty else.</summary>
    string StateOf(string device) => "";

    /// <summary>Most slots that a device draws at once, over all its engines; 0 while it is to be left alone.</summary>
    int CapacityOf(string device);

    /// <summary>How a device's engines stand with its memory, taken together.</summary>
    EngineMemory MemoryOf(string device) => new(0, CapacityOf(device), 0);

    /// <summary>
    /// The engine of a device for a model, made on the first call. It stays the provider's, which disposes it when the process
    /// ends. Weights come with each request's policy.
    /// </summary>
    /// <param name="device">One of <see cref="Devices"/>.</param>
    /// <param name="kind">The kind of engine that the run asks for.</param>
    /// <param name="modelFolder">A folder with the model's <c>config.json</c> and <c>tokenizer.json</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IRolloutEngine> OpenAsync(string device, string kind, string modelFolder, CancellationToken cancellationToken);
}
