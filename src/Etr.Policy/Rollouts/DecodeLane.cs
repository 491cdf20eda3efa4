using Etr.Core.Rollouts;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>
/// The traces that are drawn with one policy version: its weights, their key-value cache, and a slot for each of the cache's
/// rows. Slots come and go between tokens.
/// </summary>
internal sealed class DecodeLane(PolicyRef policy, CachedDecoder decoder, ModelConfig config, torch.Device device) : IDisposable
{
    private readonly KeyValueCache _cache = new(config, device);
    private readonly List<SlotDecode> _slots = [];
    private DrawRequest[] _requests = [];
    private DrawnToken[] _drawn = [];
    private int[] _ids = [];
    private int[] _positions = [];

    public PolicyRef Policy => policy;

    public int Count => _slots.Count;

    /// <summary>
    /// Takes in requests: reads their prompts in one batch, a prompt once for all its slots, and draws each slot's first token.
    /// </summary>
    public void Admit(IReadOnlyList<RequestDecode> requests)
    {
        List<SlotDecode> entering = [.. requests.SelectMany(request => request.Slots)];
        foreach (SlotDecode over in entering.Where(slot => slot.Ending is not null))
        {
            over.Finish();
        }

        entering.RemoveAll(slot => slot.Ending is not null);
        if (entering.Count == 0)
        {
            return;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        var sequences = new List<int[]>();
        var rowOf = new List<int>();
        Share(entering, sequences, rowOf);
        int[] lengths = [.. sequences.Select(sequence => sequence.Length)];
        (torch.Tensor logits, IReadOnlyList<torch.Tensor> keyValues) = decoder.Prefill(Padded(sequences), lengths);

        _cache.Reserve(lengths.Max() + 1);
        int first = _cache.AddRows(entering.Count);
        for (int i = 0; i < entering.Count; i++)
        {
            _cache.Fill(first + i, keyValues, rowOf[i], lengths[rowOf[i]]);
            _slots.Add(entering[i]);
        }

        torch.Tensor rows = torch.tensor([.. rowOf.Select(row => (long)row)], torch.int64, device);
        Draw(logits.index_select(0, rows), first);
    }

    /// <summary>Reads every slot's last token and draws its next.</summary>
    public void Step()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Grow();
        int longest = 0;
        for (int row = 0; row < _slots.Count; row++)
        {
            _ids[row] = _slots[row].LastToken;
            _positions[row] = _slots[row].LastPosition;
            longest = Math.Max(longest, _positions[row] + 1);
        }

        _cache.Reserve(longest);
        Draw(decoder.Step(_ids.AsSpan(0, _slots.Count), _positions.AsSpan(0, _slots.Count), _cache), 0);
    }

    /// <summary>Ends the slots of requests that are no longer wanted, or all of them.</summary>
    public void Cancel(bool all)
    {
        foreach (SlotDecode slot in _slots)
        {
            if (all || slot.Request.Source.Cancellation.IsCancellationRequested)
            {
                slot.Cancel();
            }
        }

        Retire();
    }

    /// <summary>The requests that still have slots here.</summary>
    public IEnumerable<RolloutRequest> Requests => _slots.Select(slot => slot.Request.Source).Distinct();

    public void Dispose()
    {
        _cache.Dispose();
        decoder.Dispose();
    }

    // Rows of the prefill: one a prompt, and one of its own for a slot that brings a prefix.
    private static void Share(List<SlotDecode> entering, List<int[]> sequences, List<int> rowOf)
    {
        var promptRows = new Dictionary<RequestDecode, int>();
        foreach (SlotDecode slot in entering)
        {
            if (slot.HasPrefix || !promptRows.TryGetValue(slot.Request, out int row))
            {
                row = sequences.Count;
                sequences.Add([.. slot.Given]);
                if (!slot.HasPrefix)
                {
                    promptRows.Add(slot.Request, row);
                }
            }

            rowOf.Add(row);
        }
    }

    private torch.Tensor Padded(List<int[]> sequences)
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

    // Draws for the slots from row `first` on.
    private void Draw(torch.Tensor logits, int first)
    {
        Grow();
        int count = _slots.Count - first;
        for (int i = 0; i < count; i++)
        {
            _requests[i] = _slots[first + i].NextDraw;
        }

        TokenSampler.Draw(logits, _requests.AsSpan(0, count), _drawn.AsSpan(0, count));
        for (int i = 0; i < count; i++)
        {
            _slots[first + i].Accept(_drawn[i]);
        }

        Retire();
    }

    // From the last row down, so that the row that moves into a freed place is always one that goes on.
    private void Retire()
    {
        for (int row = _slots.Count - 1; row >= 0; row--)
        {
            SlotDecode slot = _slots[row];
            if (slot.Ending is null)
            {
                continue;
            }

            using DisposeScope scope = torch.NewDisposeScope();
            SlotDecode last = _slots[^1];
            _cache.Remove(row, last.LastPosition);
            _slots[row] = last;
            _slots.RemoveAt(_slots.Count - 1);
            slot.Finish();
        }
    }

    private void Grow()
    {
        if (_ids.Length < _slots.Count)
        {
            int size = Math.Max(_slots.Count, 2 * _ids.Length);
            (_requests, _drawn, _ids, _positions) = (new DrawRequest[size], new DrawnToken[size], new int[size], new int[size]);
        }
    }
}
