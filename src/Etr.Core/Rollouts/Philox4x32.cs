using System.Runtime.CompilerServices;

namespace Etr.Core.Rollouts;

/// <summary>
/// The counter-based generator Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
/// A draw is a pure function of key and counter: there is no state to save, share or lose.
/// </summary>
public static class Philox4x32
{
    private const uint MultiplierA = 0xD2511F53;
    private const uint MultiplierB = 0xCD9E8D57;
    private const uint WeylA = 0x9E3779B9;
    private const uint WeylB = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>The four 32-bit words of block <paramref name="counter"/> under <paramref name="key"/>.</summary>
    /// <param name="key">The 64-bit key, here a run's seed.</param>
    /// <param name="counter">The 128-bit counter, as four words, least significant first.</param>
    public static (uint X, uint Y, uint Z, uint W) Block(ulong key, (uint X, uint Y, uint Z, uint W) counter)
    {
        uint keyA = (uint)key;
        uint keyB = (uint)(key >> 32);
        (uint x, uint y, uint z, uint w) = counter;
        for (int round = 0; round < Rounds; round++)
        {
            ulong a = (ulong)MultiplierA * x;
            ulong b = (ulong)MultiplierB * z;
            (x, y, z, w) = ((uint)(b >> 32) ^ y ^ keyA, (uint)b, (uint)(a >> 32) ^ w ^ keyB, (uint)a);
            keyA = unchecked(keyA + WeylA);
            keyB = unchecked(keyB + WeylB);
        }

        return (x, y, z, w);
    }

    /// <summary>
    /// The uniform number in [0, 1) with which token <paramref name="token"/> of a trace is drawn: 53 bits of the block at
    /// counter (prompt, round, slot, token) under the run's seed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Uniform(ulong seed, TraceKey trace, uint token)
    {
        (uint x, uint y, _, _) = Block(seed, (trace.Prompt, trace.Round, trace.Slot, token));
        return ((((ulong)x << 32) | y) >> 11) * (1.0 / (1UL << 53));
    }
}
