namespace Etr.Policy.Memory;

/// <summary>
/// What an engine may hold at once: blocks of keys and values, slots, and tokens of prompts in one pass. Halved when the device runs out
/// of memory, and never raised again. Written by the engine's thread; the figures may be read by any.
/// </summary>
internal sealed class CacheBudget
{
    /// <summary>Positions of a block.</summary>
    public const int BlockTokens = 32;

    /// <summary>Tokens of prompts that one pass reads, unless a single sequence is longer.</summary>
    public const int MostPassTokens = 16_384;

    private const long Unbounded = long.MaxValue / BlockTokens;
    private const int LeastPassTokens = 512;

    private long _blocks;
    private long _used;
    private int _slots;
    private int _halvings;
    private long _gaveWay;

    /// <param name="tokens">Most tokens whose keys and values are held, rounded down to blocks but at least one; 0 for no bound.</param>
    /// <param name="slots">Most slots, at least 1.</param>
    public CacheBudget(long tokens, int slots)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        _blocks = tokens == 0 ? Unbounded : Math.Max(1, tokens / BlockTokens);
        _slots = slots;
    }

    /// <summary>Whether there is a bound.</summary>
    public bool IsBounded => Blocks < Unbounded;

    /// <summary>Most blocks.</summary>
    public long Blocks => Volatile.Read(ref _blocks);

    /// <summary>Most tokens; 0 where there is no bound.</summary>
    public long Tokens => IsBounded ? Blocks * BlockTokens : 0;

    /// <summary>Blocks that are taken.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>Blocks that may still be taken.</summary>
    public long Free => Blocks - Used;

    /// <summary>Most slots.</summary>
    public int Slots => Volatile.Read(ref _slots);

    /// <summary>Tokens of prompts that one pass reads.</summary>
    public int PassTokens { get; private set; } = MostPassTokens;

    /// <summary>How often memory ran out.</summary>
    public int Halvings => Volatile.Read(ref _halvings);

    /// <summary>Slots that waited with what they had drawn, so that others could go on.</summary>
    public long GaveWay => Volatile.Read(ref _gaveWay);

    /// <summary>Blocks of a sequence.</summary>
    public static int BlocksOf(long tokens) => (int)((tokens + BlockTokens - 1) / BlockTokens);

    /// <summary>Takes blocks.</summary>
    /// <exception cref="InvalidOperationException">There are not so many: whoever takes has looked at <see cref="Free"/> before.</exception>
    public void Take(int count)
    {
        if (count > Free)
            throw new InvalidOperationException($"the cache budget of {Blocks} blocks has {Free} left, not {count}");
        Volatile.Write(ref _used, _used + count);
    }

    /// <summary>Gives blocks back.</summary>
    public void Return(int count) => Volatile.Write(ref _used, _used - count);

    /// <summary>One more slot gives way.</summary>
    public void GiveWay() => Volatile.Write(ref _gaveWay, _gaveWay + 1);

    /// <summary>Halves what may be held, of what was held when memory ran out.</summary>
    /// <param name="slots">Slots that were drawn.</param>
    /// <returns>False where nothing is left to halve: one slot, read in the smallest passes.</returns>
    public bool TryHalve(int slots)
    {
        if (slots <= 1 && PassTokens <= LeastPassTokens)
            return false;
        if (slots > 1)
        {
            Volatile.Write(ref _slots, slots / 2);
            Volatile.Write(ref _blocks, Math.Max(1, Math.Min(Blocks, Math.Max(2, Used)) / 2));
        }

        PassTokens = Math.Max(LeastPassTokens, PassTokens / 2);
        Volatile.Write(ref _halvings, _halvings + 1);
        return true;
    }
}
