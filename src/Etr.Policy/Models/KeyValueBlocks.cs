using Etr.Policy.Memory;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// An engine's memory for keys and values, in blocks of <see cref="CacheBudget.BlockTokens"/> positions that sequences of every policy
/// version share. A layer is one tensor [2 · kv heads, blocks, positions · head size], so that what a head attends over is gathered in
/// runs of whole blocks. A block can belong to several sequences as long as none writes to it.
/// </summary>
internal sealed class KeyValueBlocks : IDisposable
{
    private const int LeastBlocks = 64;

    private readonly CacheBudget _budget;
    private readonly torch.Device _device;
    private readonly torch.ScalarType _type;
    private readonly int _heads;
    private readonly int _size;
    private readonly torch.Tensor?[] _layers;
    private readonly Stack<int> _free = new();
    private readonly List<int> _users = [];

    /// <param name="config">The model's shape.</param>
    /// <param name="device">Where the blocks are.</param>
    /// <param name="budget">How many there may be; told of each that is taken.</param>
    /// <param name="type">Element type of keys and values.</param>
    public KeyValueBlocks(ModelConfig config, torch.Device device, CacheBudget budget, torch.ScalarType type = torch.ScalarType.Float32)
    {
        (_budget, _device, _type) = (budget, device, type);
        (_heads, _size) = (2 * config.KeyValueHeads, config.HeadSize);
        _layers = new torch.Tensor?[config.Layers];
    }

    /// <summary>Blocks there is memory for.</summary>
    public long Capacity { get; private set; }

    /// <summary>A layer's tensor.</summary>
    public torch.Tensor Layer(int layer) => _layers[layer]!;

    /// <summary>Blocks of the caller's own, each with one user.</summary>
    /// <exception cref="InvalidOperationException">The budget has no more.</exception>
    public int[] Take(int count)
    {
        _budget.Take(count);
        while (_free.Count < count)
        {
            _free.Push(_users.Count);
            _users.Add(0);
        }

        var taken = new int[count];
        for (int i = 0; i < count; i++)
        {
            taken[i] = _free.Pop();
            _users[taken[i]] = 1;
        }

        if (_users.Count > Capacity)
            Grow(_users.Count);
        return taken;
    }

    /// <summary>One more sequence reads a block.</summary>
    public void Share(int block) => _users[block]++;

    /// <summary>One user less.</summary>
    public void Release(int block)
    {
        if (--_users[block] > 0)
            return;
        _free.Push(block);
        _budget.Return(1);
    }

    /// <summary>Writes a sequence's keys and values from its first position on.</summary>
    /// <param name="layer">Which layer.</param>
    /// <param name="blocks">The sequence's blocks.</param>
    /// <param name="keyValues">[2 · kv heads, length, head size].</param>
    public void Write(int layer, IReadOnlyList<int> blocks, torch.Tensor keyValues)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long padding = (long)blocks.Count * CacheBudget.BlockTokens - keyValues.shape[1];
        torch.Tensor padded = torch.nn.functional.pad(keyValues, [0, 0, 0, padding]).reshape(_heads, blocks.Count, CacheBudget.BlockTokens * _size);
        Layer(layer).index_copy_(1, Ids(blocks), padded);
    }

    /// <summary>Copies blocks over others, in every layer.</summary>
    public void Copy(IReadOnlyList<int> from, IReadOnlyList<int> to)
    {
        if (from.Count == 0)
            return;
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor source, torch.Tensor target) = (Ids(from), Ids(to));
        foreach (torch.Tensor? layer in _layers)
        {
            using torch.Tensor copied = layer!.index_select(1, source);
            layer.index_copy_(1, target, copied);
        }
    }

    /// <summary>
    /// Zeroes blocks that are written a position at a time: what is masked is multiplied by zero, and a number that is not finite would come
    /// through that.
    /// </summary>
    public void Wipe(IReadOnlyList<int> blocks)
    {
        if (blocks.Count == 0)
            return;
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor ids = Ids(blocks);
        foreach (torch.Tensor? layer in _layers)
            layer!.ZeroInPlace(1, ids);
    }

    /// <summary>Rows' keys and values side by side: a copy, [rows, 2 · kv heads, positions, head size], contiguous in the last two dimensions.</summary>
    /// <param name="layer">Which layer.</param>
    /// <param name="blocks">The rows' blocks, int64, [rows · blocks a row].</param>
    /// <param name="rows">Number of rows.</param>
    public torch.Tensor Gather(int layer, torch.Tensor blocks, int rows) =>
        Layer(layer).index_select(1, blocks).view(_heads, rows, -1, _size).transpose(0, 1);

    /// <summary>Gives all memory back. No sequence may have a block any more, or be asked for again.</summary>
    public void Reset()
    {
        Dispose();
        _budget.Return(_users.Count(users => users > 0));
        _users.Clear();
        _free.Clear();
        Capacity = 0;
    }

    public void Dispose()
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i]?.Dispose();
            _layers[i] = null;
        }
    }

    // A budget is allocated whole: growing would hold a layer twice, and leave an allocator with places of every size.
    private void Grow(long blocks)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long grown = _budget.IsBounded ? _budget.Blocks : Math.Max(Math.Max(LeastBlocks, blocks), Capacity + Capacity / 8);
        for (int i = 0; i < _layers.Length; i++)
        {
            torch.Tensor layer = torch.empty([_heads, grown, CacheBudget.BlockTokens * _size], _type, _device).DetachFromDisposeScope();
            if (_layers[i] is { } old)
            {
                layer.narrow(1, 0, old.shape[1]).copy_(old);
                old.Dispose();
            }

            _layers[i] = layer;
        }

        Capacity = grown;
    }

    private torch.Tensor Ids(IReadOnlyList<int> blocks) => torch.tensor([.. blocks.Select(block => (long)block)], torch.int64, _device);
}
