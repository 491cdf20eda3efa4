using Etr.Policy.Memory;

namespace Etr.Policy.Models;

/// <summary>
/// The sequences that are decoded with one policy version, a row each, rows 0 to <see cref="Rows"/> − 1 in use without gaps, and which of
/// the engine's blocks hold each one's keys and values.
/// </summary>
internal sealed class KeyValueCache(KeyValueBlocks blocks) : IDisposable
{
    private readonly List<List<int>> _rows = [];

    /// <summary>Where keys and values are.</summary>
    public KeyValueBlocks Blocks => blocks;

    /// <summary>Rows in use.</summary>
    public int Rows => _rows.Count;

    /// <summary>The blocks of a row, in the order of its positions.</summary>
    public IReadOnlyList<int> this[int row] => _rows[row];

    /// <summary>
    /// Adds rows that go on from sequences about to be read. The first to go on from a sequence takes its blocks; the others share those
    /// that are full and get the last one for themselves.
    /// </summary>
    /// <param name="lengths">Tokens of each sequence.</param>
    /// <param name="sequenceOf">Which of them each new row goes on from; every sequence has one.</param>
    /// <returns>Blocks of each sequence, to be written; and the blocks to copy once they are.</returns>
    public (IReadOnlyList<IReadOnlyList<int>> Written, IReadOnlyList<int> From, IReadOnlyList<int> To) Add(IReadOnlyList<int> lengths, IReadOnlyList<int> sequenceOf)
    {
        var written = new List<int>?[lengths.Count];
        List<int> from = [], to = [];
        foreach (int sequence in sequenceOf)
        {
            var row = new List<int>();
            _rows.Add(row);
            if (written[sequence] is not { } first)
            {
                row.AddRange(blocks.Take(CacheBudget.BlocksOf(lengths[sequence])));
                written[sequence] = row;
                continue;
            }

            int full = lengths[sequence] / CacheBudget.BlockTokens;
            foreach (int block in first.Take(full))
            {
                blocks.Share(block);
                row.Add(block);
            }

            if (first.Count > full)
            {
                row.AddRange(blocks.Take(1));
                from.Add(first[full]);
                to.Add(row[full]);
            }
        }

        return ([.. written.Select(row => (IReadOnlyList<int>)row!)], from, to);
    }

    /// <summary>Makes room for each row's position.</summary>
    public void Reserve(ReadOnlySpan<int> positions)
    {
        List<int>? fresh = null;
        for (int row = 0; row < positions.Length; row++)
        {
            if (_rows[row].Count * CacheBudget.BlockTokens > positions[row])
                continue;
            _rows[row].AddRange(blocks.Take(1));
            (fresh ??= []).Add(_rows[row][^1]);
        }

        blocks.Wipe(fresh ?? []);
    }

    /// <summary>Where a head's vector of a position is among all vectors of a layer.</summary>
    public long PlaceOf(int row, int head, int position) =>
        (head * blocks.Capacity + _rows[row][position / CacheBudget.BlockTokens]) * CacheBudget.BlockTokens + position % CacheBudget.BlockTokens;

    /// <summary>Gives up a row: the last row takes its number.</summary>
    public void Remove(int row)
    {
        foreach (int block in _rows[row])
            blocks.Release(block);
        _rows[row] = _rows[^1];
        _rows.RemoveAt(_rows.Count - 1);
    }

    /// <summary>Forgets every row, where the blocks are given back as a whole.</summary>
    public void Forget() => _rows.Clear();

    /// <summary>Gives up every row.</summary>
    public void Dispose()
    {
        while (Rows > 0)
            Remove(Rows - 1);
    }
}
