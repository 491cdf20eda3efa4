using Etr.Policy.Memory;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>A lane's weights as tensors, and its rows among the engine's blocks of keys and values; owns weights and rows.</summary>
internal sealed class TorchLaneModel(CachedDecoder decoder, KeyValueBlocks blocks, CacheBudget budget, torch.Device device) : ILaneModel
{
    private readonly KeyValueCache _cache = new(blocks);

    public void Enter(IReadOnlyList<int[]> sequences, IReadOnlyList<int> sequenceOf, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (IReadOnlyList<IReadOnlyList<int>> written, IReadOnlyList<int> from, IReadOnlyList<int> to) = _cache.Add([.. sequences.Select(sequence => sequence.Length)], sequenceOf);
        var logits = new List<torch.Tensor>();
        for (int start = 0; start < sequences.Count;)
        {
            int count = Together(sequences, start);
            logits.Add(Read([.. sequences.Skip(start).Take(count)], [.. written.Skip(start).Take(count)]));
            start += count;
        }

        blocks.Copy(from, to);
        torch.Tensor rows = torch.tensor([.. sequenceOf.Select(row => (long)row)], torch.int64, device);
        TokenSampler.Draw((logits.Count == 1 ? logits[0] : torch.cat(logits)).index_select(0, rows), requests, drawn);
    }

    public void Step(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        _cache.Reserve(positions);
        TokenSampler.Draw(decoder.Step(ids, positions, _cache), requests, drawn);
    }

    public void Leave(int row) => _cache.Remove(row);

    public void Forget() => _cache.Forget();

    public void Dispose()
    {
        _cache.Dispose();
        decoder.Dispose();
    }

    // Sequences from the first on that one pass reads, padding counted; a long one goes alone.
    private int Together(IReadOnlyList<int[]> sequences, int start)
    {
        int longest = sequences[start].Length;
        int count = 1;
        while (start + count < sequences.Count)
        {
            longest = Math.Max(longest, sequences[start + count].Length);
            if ((count + 1L) * longest > budget.PassTokens)
                break;
            count++;
        }

        return count;
    }

    private torch.Tensor Read(int[][] sequences, IReadOnlyList<int>[] written)
    {
        int[] lengths = [.. sequences.Select(sequence => sequence.Length)];
        return decoder.Prefill(Padded(sequences), lengths, (layer, keyValues) =>
        {
            for (int row = 0; row < lengths.Length; row++)
                blocks.Write(layer, written[row], keyValues[row].narrow(1, 0, lengths[row]));
        });
    }

    private torch.Tensor Padded(int[][] sequences)
    {
        int length = sequences.Max(sequence => sequence.Length);
        long[] ids = new long[sequences.Length * length];
        for (int row = 0; row < sequences.Length; row++)
        {
            for (int i = 0; i < sequences[row].Length; i++)
                ids[row * length + i] = sequences[row][i];
        }

        return torch.tensor(ids, torch.int64, device).view(sequences.Length, length);
    }
}
