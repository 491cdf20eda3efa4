using Etr.Core.Rollouts;

namespace Etr.Core.Tasks;

/// <summary>
/// Which prompt each group ordinal of a run gets: every epoch is a permutation of the prompts, a pure function of (seed,
/// epoch), found without storing it. So any ordinal's prompt and round are known at once, on any silo, after any crash.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="prompts">How many prompts there are, at least 1.</param>
public sealed class PromptSchedule(ulong seed, int prompts)
{
    private const uint Purpose = 0x44454154;
    private const int Rounds = 4;

    // Half the bits of the smallest even-width number that can name every prompt: the Feistel network's word.
    private readonly int _halfBits = Math.Max(1, (int.Log2(Math.Max(1, prompts - 1)) + 2) / 2);

    /// <summary>How many prompts there are.</summary>
    public int Prompts { get; } = prompts > 0 ? prompts : throw new ArgumentOutOfRangeException(nameof(prompts), prompts, "A run needs a prompt.");

    /// <summary>How often the prompt of <paramref name="ordinal"/> was dealt before, which is the epoch.</summary>
    public int RoundOf(long ordinal) => checked((int)(ordinal / Prompts));

    /// <summary>The prompt of <paramref name="ordinal"/> (from 0).</summary>
    public int PromptOf(long ordinal)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ordinal);
        (long epoch, long place) = Math.DivRem(ordinal, Prompts);

        // A permutation of a power of four walks until it lands among the prompts: fewer than four tries on average.
        uint value = (uint)place;
        do
        {
            value = Permute(value, (uint)epoch);
        }
        while (value >= (uint)Prompts);

        return (int)value;
    }

    private uint Permute(uint value, uint epoch)
    {
        uint mask = (1u << _halfBits) - 1;
        uint left = value >> _halfBits;
        uint right = value & mask;
        for (uint round = 0; round < Rounds; round++)
        {
            uint mixed = Philox4x32.Block(seed, (right, round, epoch, Purpose)).X & mask;
            (left, right) = (right, left ^ mixed);
        }

        return (left << _halfBits) | right;
    }
}
