using Etr.Core.Rollouts;

namespace Etr.Core.Tasks;

/// <summary>What a prompt's last round left to learn from it.</summary>
/// <param name="Rounds">Rounds that were sealed; 0 for a prompt that was never asked.</param>
/// <param name="Accuracy">Share of right traces in the last one (0 to 1).</param>
/// <param name="Trend">Its mean trend R (nats).</param>
public readonly record struct PromptStanding(int Rounds, double Accuracy, double Trend);

/// <summary>
/// Chooses among prompts by their history. A prompt that was never asked weighs 1. One that was weighs the larger of
/// 4·a·(1 − a), which is highest where half of its traces were right, and a·|R|/(|R| + ½), which is what the trend of right traces
/// can still teach; at least <see cref="LeastWeight"/>, so that none is given up. The choice is a pure function of (seed,
/// ordinal, standings).
/// </summary>
public static class Curriculum
{
    /// <summary>What a prompt weighs at least.</summary>
    public const double LeastWeight = 0.02;

    private const uint Purpose = 0x43555252;
    private const double HalfTrend = 0.5;

    /// <summary>The weight of a prompt, <see cref="LeastWeight"/> to 1.</summary>
    public static double Weight(PromptStanding standing)
    {
        if (standing.Rounds == 0)
            return 1;
        double trend = double.IsFinite(standing.Trend) ? Math.Abs(standing.Trend) : 0;
        double spread = 4 * standing.Accuracy * (1 - standing.Accuracy);
        return Math.Clamp(Math.Max(spread, standing.Accuracy * trend / (trend + HalfTrend)), LeastWeight, 1);
    }

    /// <summary>Chooses one, each with a probability in proportion to its weight.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="ordinal">The group's ordinal.</param>
    /// <param name="standings">The candidates, at least one.</param>
    /// <returns>The index of the chosen one.</returns>
    public static int Choose(ulong seed, long ordinal, IReadOnlyList<PromptStanding> standings)
    {
        ArgumentNullException.ThrowIfNull(standings);
        ArgumentOutOfRangeException.ThrowIfZero(standings.Count);
        double[] weights = [.. standings.Select(Weight)];
        uint bits = Philox4x32.Block(seed, ((uint)ordinal, (uint)(ordinal >> 32), 0, Purpose)).X;
        double left = bits / 4294967296.0 * weights.Sum();
        for (int index = 0; index < weights.Length; index++)
        {
            left -= weights[index];
            if (left < 0)
                return index;
        }

        return weights.Length - 1;
    }
}
