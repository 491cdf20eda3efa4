using Etr.Core.Rollouts;

namespace Etr.Policy.Rollouts;

/// <summary>How one row's token is to be drawn.</summary>
/// <param name="Sampling">Temperature and truncation.</param>
/// <param name="Uniform">The random number that decides, in [0, 1).</param>
/// <param name="Ranked">Whether the most probable tokens are wanted too.</param>
internal readonly record struct DrawRequest(SamplingOptions Sampling, double Uniform, bool Ranked = false)
{
    public bool IsGreedy => Sampling.Temperature == 0;

    public bool IsTruncated => Sampling.TopP < 1 || Sampling.TopK > 0;
}
