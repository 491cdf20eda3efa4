using Etr.Core.Rollouts;

namespace Etr.Grains.Samplers;

/// <summary>The rollout engines of this process, one a device. Registered by the host on silos with devices.</summary>
public interface IRolloutEngineProvider
{
    /// <summary>Devices of this process, such as <c>cpu</c> or <c>cuda:0</c>; fixed for its life.</summary>
    IReadOnlyList<string> Devices { get; }

    /// <summary>
    /// The engine of a device, made on the first call. It stays the provider's, which disposes it when the process ends.
    /// Weights come with each request's policy.
    /// </summary>
    ValueTask<IRolloutEngine> OpenAsync(string device, CancellationToken cancellationToken);
}
