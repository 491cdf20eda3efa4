using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>A lane's weights and key-value cache as tensors; owns both.</summary>
internal sealed class TorchLaneModel(CachedDecoder decoder, ModelConfig config, torch.Device device) : ILaneModel
{
    private readonly KeyValueCache _cache = new(config, device);

    public void Enter(IReadOnlyList<int[]> sequences, IReadOnlyList<int> sequenceOf, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int[] lengths = [.. sequences.Select(sequence => sequence.Length)];
        (torch.Tensor logits, IReadOnlyList<torch.Tensor> keyValues) = decoder.Prefill(Padded(sequences), lengths);

        _cache.Reserve(lengths.Max() + 1);
        int first = _cache.AddRows(sequenceOf.Count);
        for (int i = 0; i < sequenceOf.Count; i++)
        {
            _cache.Fill(first + i, keyValues, sequenceOf[i], lengths[sequenceOf[i]]);
        }

        torch.Tensor rows = torch.tensor([.. sequenceOf.Select(row => (long)row)], torch.int64, device);
        TokenSampler.Draw(logits.index_select(0, rows), requests, drawn);
    }

    public void Step(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int longest = 0;
        foreach (int position in positions)
        {
            longest = Math.Max(longest, position + 1);
        }

        _cache.Reserve(longest);
        TokenSampler.Draw(decoder.Step(ids, positions, _cache), requests, drawn);
    }

    public void Leave(int row, int lastLength)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        _cache.Remove(row, lastLength);
    }

    public void Dispose()
    {
        _cache.Dispose();
        decoder.Dispose();
    }

    private torch.Tensor Padded(IReadOnlyList<int[]> sequences)
    {
        int length = sequences.Max(sequence => sequence.Length);
        long[] ids = new long[sequences.Count * length];
        for (int row = 0; row < sequences.Count; row++)
        {
            for (int i = 0; i < sequences[row].Length; i++)
            {
                ids[row * length + i] = sequences[row][i];
            }
        }

        return torch.tensor(ids, torch.int64, device).view(sequences.Count, length);
    }
}
