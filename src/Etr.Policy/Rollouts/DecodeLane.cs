using Etr.Core.Rollouts;
using Etr.Policy.Memory;

namespace Etr.Policy.Rollouts;

/// <summary>
/// The traces that are drawn with one policy version: its model, and a slot for each of the model's rows. Slots come and go
/// between tokens.
/// </summary>
internal sealed class DecodeLane(PolicyRef policy, ILaneModel model) : IDisposable
{
    private readonly List<SlotDecode> _slots = [];
    private DrawRequest[] _requests = [];
    private DrawnToken[] _drawn = [];
    private int[] _ids = [];
    private int[] _positions = [];

    public PolicyRef Policy => policy;

    public int Count => _slots.Count;

    /// <summary>The slots.</summary>
    public IReadOnlyList<SlotDecode> Slots => _slots;

    /// <summary>Blocks of keys and values that the next step takes.</summary>
    public int BlocksToStep => _slots.Count(slot => slot.LastPosition % CacheBudget.BlockTokens == 0);

    /// <summary>
    /// Takes in slots: reads their prompts in one batch, a prompt once for all slots of its request, and draws each slot's next token.
    /// </summary>
    public void Admit(IReadOnlyList<SlotDecode> slots)
    {
        List<SlotDecode> entering = [.. slots];
        foreach (SlotDecode over in entering.Where(slot => slot.Ending is not null))
        {
            over.Finish();
        }

        entering.RemoveAll(slot => slot.Ending is not null);
        if (entering.Count == 0)
        {
            return;
        }

        var sequences = new List<int[]>();
        var sequenceOf = new List<int>();
        Share(entering, sequences, sequenceOf);
        int first = _slots.Count;
        _slots.AddRange(entering);
        Prepare(first);
        model.Enter(sequences, sequenceOf, _requests.AsSpan(0, entering.Count), _drawn.AsSpan(0, entering.Count));
        Accept(first);
    }

    /// <summary>Reads every slot's last token and draws its next.</summary>
    public void Step()
    {
        Prepare(0);
        int count = _slots.Count;
        for (int row = 0; row < count; row++)
        {
            _ids[row] = _slots[row].LastToken;
            _positions[row] = _slots[row].LastPosition;
        }

        model.Step(_ids.AsSpan(0, count), _positions.AsSpan(0, count), _requests.AsSpan(0, count), _drawn.AsSpan(0, count));
        Accept(0);
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

    /// <summary>Lets a slot go as it stands, to be taken in again with what it has drawn.</summary>
    public void Evict(SlotDecode slot) => Remove(_slots.IndexOf(slot));

    /// <summary>Lets all slots go as they stand, where the engine has given up all keys and values.</summary>
    public void Forget()
    {
        _slots.Clear();
        model.Forget();
    }

    /// <summary>The requests that still have slots here.</summary>
    public IEnumerable<RolloutRequest> Requests => _slots.Select(slot => slot.Request.Source).Distinct();

    public void Dispose() => model.Dispose();

    // What the model reads: a prompt once for all its slots, and a sequence of its own for a slot that brings a prefix.
    private static void Share(List<SlotDecode> entering, List<int[]> sequences, List<int> sequenceOf)
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

            sequenceOf.Add(row);
        }
    }

    // How the slots from row `first` on are to be drawn.
    private void Prepare(int first)
    {
        if (_ids.Length < _slots.Count)
        {
            int size = Math.Max(_slots.Count, 2 * _ids.Length);
            (_requests, _drawn, _ids, _positions) = (new DrawRequest[size], new DrawnToken[size], new int[size], new int[size]);
        }

        for (int row = first; row < _slots.Count; row++)
        {
            _requests[row - first] = _slots[row].NextDraw;
        }
    }

    private void Accept(int first)
    {
        for (int row = first; row < _slots.Count; row++)
        {
            _slots[row].Accept(_drawn[row - first]);
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

            Remove(row);
            slot.Finish();
        }
    }

    private void Remove(int row)
    {
        model.Leave(row);
        _slots[row] = _slots[^1];
        _slots.RemoveAt(_slots.Count - 1);
    }
}
