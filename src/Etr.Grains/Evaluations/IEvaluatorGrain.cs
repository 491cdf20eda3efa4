using Etr.Grains.Waits;

namespace Etr.Grains.Evaluations;

/// <summary>
/// Evaluates a run's policies while it trains; its key is the run's name. It remembers nothing: the run knows what is due and
/// asks until it has been told.
/// </summary>
public interface IEvaluatorGrain : IGrainWithStringKey
{
    /// <summary>Evaluates a step's policy, unless that is under way. Idempotent.</summary>
    /// <param name="version">The step, which is its policy's version.</param>
    /// <param name="sha256">SHA-256 of the policy's weights.</param>
    /// <returns>What it waits for; null where nothing.</returns>
    Task<Wait?> TouchAsync(int version, string sha256);
}
