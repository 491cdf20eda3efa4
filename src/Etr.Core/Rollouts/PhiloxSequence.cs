namespace Etr.Core.Rollouts;

/// <summary>
/// A sequence of random numbers read from <see cref="Philox4x32"/> at consecutive counters. two sequences with the same
/// seed, purpose and index give the same numbers; sequences that differ in any of them are independent.
/// </summary>
/// <param name="seed">The key.</param>
/// <param name="purpose">What the sequence is for; keeps, say, prompts and demonstrations of one seed apart.</param>
/// <param name="index">Which of that purpose's sequences this is.</param>
public sealed class PhiloxSequence(ulong seed, uint purpose, ulong index)
{
    private uint _position;

    /// <summary>The next number, uniform in [0, 1), with 53 random bits.</summary>
    public double NextDouble()
    {
        (uint x, uint y, _, _) = Philox4x32.Block(seed, (_position++, purpose, (uint)index, (uint)(index >> 32)));
        return ((((ulong)x << 32) | y) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>The next whole number, uniform in [0, <paramref name="exclusiveMaximum"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusiveMaximum"/> is not positive.</exception>
    public int NextInt(int exclusiveMaximum)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMaximum);
        return (int)(NextDouble() * exclusiveMaximum);
    }

    /// <summary>True with probability <paramref name="probability"/> (0 to 1).</summary>
    public bool NextBool(double probability) => NextDouble() < probability;
}
