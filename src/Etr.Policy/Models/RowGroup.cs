using Etr.Policy.Memory;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>Rows of a decode step that attend together, over blocks gathered side by side.</summary>
/// <param name="Rows">Which rows, int64, [count]; null for all of them in their order.</param>
/// <param name="Count">How many.</param>
/// <param name="Blocks">Their blocks, int64, [count · blocks a row], short rows filled up.</param>
/// <param name="Length">Positions that are looked at.</param>
/// <param name="Mask">Minus infinity beyond each row's own position, [count, 1, queries per key, length]; null where all are equally long.</param>
internal sealed record RowGroup(torch.Tensor? Rows, int Count, torch.Tensor Blocks, int Length, torch.Tensor? Mask)
{
    /// <summary>Positions, padding counted, that are gathered at once.</summary>
    public const int MostGathered = 1 << 16;

    /// <summary>Groups the rows of a step: all together where they are few, else rows of like length. Tensors are the caller's scope's.</summary>
    /// <param name="positions">Each row's newest position.</param>
    /// <param name="cache">The rows' blocks.</param>
    /// <param name="queriesPerKey">Queries that attend to a key head.</param>
    /// <param name="type">Element type of keys and values.</param>
    /// <param name="device">Where they are.</param>
    /// <param name="most">Positions to gather at once, at least 1. The default is <see cref="MostGathered"/>.</param>
    public static IReadOnlyList<RowGroup> Of(
        ReadOnlySpan<int> positions, KeyValueCache cache, int queriesPerKey, torch.ScalarType type, torch.Device device, int most = MostGathered)
    {
        int[] longest = positions.ToArray();
        int[] rows = [.. Enumerable.Range(0, longest.Length)];
        if ((long)rows.Length * PaddedLength(longest.Max()) <= most)
            return [One(null, rows)];

        Array.Sort(rows, (a, b) => longest[b] != longest[a] ? longest[b].CompareTo(longest[a]) : a.CompareTo(b));
        var groups = new List<RowGroup>();
        for (int start = 0; start < rows.Length;)
        {
            int count = Math.Clamp(most / PaddedLength(longest[rows[start]]), 1, rows.Length - start);
            int[] some = rows[start..(start + count)];
            groups.Add(One(torch.tensor([.. some.Select(row => (long)row)], torch.int64, device), some));
            start += count;
        }

        return groups;

        RowGroup One(torch.Tensor? index, int[] some)
        {
            int length = some.Max(row => longest[row]) + 1;
            int blocks = CacheBudget.BlocksOf(length);
            var ids = new long[some.Length * blocks];
            for (int i = 0; i < some.Length; i++)
            {
                // What a short row is filled up with is masked: any block will do, and its own first is always there.
                IReadOnlyList<int> table = cache[some[i]];
                for (int block = 0; block < blocks; block++)
                    ids[i * blocks + block] = block < table.Count ? table[block] : table[0];
            }

            bool uniform = some.All(row => longest[row] == length - 1);
            int looked = uniform ? length : blocks * CacheBudget.BlockTokens;
            return new RowGroup(
                index, some.Length, torch.tensor(ids, torch.int64, device), looked, uniform ? null : MaskOf([.. some.Select(row => (long)longest[row])], looked, queriesPerKey, type, device));
        }
    }

    private static int PaddedLength(int position) => CacheBudget.BlocksOf(position + 1) * CacheBudget.BlockTokens;

    private static torch.Tensor MaskOf(long[] positions, int length, int queriesPerKey, torch.ScalarType type, torch.Device device)
    {
        torch.Tensor beyond = TensorArithmetic.Count(length, torch.int64, device).gt(torch.tensor(positions, torch.int64, device).view(-1, 1, 1, 1));
        return torch.zeros([positions.Length, 1, 1, length], type, device).FillInPlace(beyond, float.NegativeInfinity)
            .expand(positions.Length, 1, queriesPerKey, length);
    }
}
