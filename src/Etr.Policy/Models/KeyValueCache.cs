using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// Keys and values of the sequences that are being decoded, a row each, rows 0 to <see cref="Rows"/> − 1 in use without gaps.
/// A layer is one tensor [rows, 2 · kv heads, length, head size], keys before values: what one head attends over is contiguous,
/// which is worth a factor of four to attention over many rows.
/// </summary>
internal sealed class KeyValueCache : IDisposable
{
    private const int LengthStep = 64;
    private readonly torch.Device _device;
    private readonly int _heads;
    private readonly int _size;
    private readonly torch.Tensor[] _layers;
    private long _rowCapacity;

    public KeyValueCache(ModelConfig config, torch.Device device)
    {
        _device = device;
        _heads = 2 * config.KeyValueHeads;
        _size = config.HeadSize;
        _layers = new torch.Tensor[config.Layers];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer] = torch.empty([0, _heads, 0, _size], device: device).DetachFromDisposeScope();
        }
    }

    /// <summary>Rows in use.</summary>
    public int Rows { get; private set; }

    /// <summary>Positions each row has room for.</summary>
    public long Length { get; private set; }

    /// <summary>A layer's tensor, all rows and positions there is room for.</summary>
    public torch.Tensor Layer(int layer) => _layers[layer];

    /// <summary>Adds <paramref name="count"/> empty rows; the first one's number is returned.</summary>
    public int AddRows(int count)
    {
        int first = Rows;
        Rows += count;
        if (Rows > _rowCapacity)
        {
            Resize(Math.Max(Rows, 2 * _rowCapacity), Length);
        }

        return first;
    }

    /// <summary>Makes room for sequences of <paramref name="length"/> tokens.</summary>
    public void Reserve(int length)
    {
        if (length > Length)
        {
            Resize(_rowCapacity, (length + LengthStep - 1) / LengthStep * LengthStep);
        }
    }

    /// <summary>Writes the first <paramref name="length"/> positions of a row from a row of a prefill's tensors, a layer each.</summary>
    public void Fill(int row, IReadOnlyList<torch.Tensor> source, long sourceRow, int length)
    {
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer][row].narrow(1, 0, length).copy_(source[layer][sourceRow].narrow(1, 0, length));
        }
    }

    /// <summary>Gives up a row: the last row, of <paramref name="lastLength"/> tokens, takes its number.</summary>
    public void Remove(int row, int lastLength)
    {
        int last = --Rows;
        if (row == last)
        {
            return;
        }

        foreach (torch.Tensor layer in _layers)
        {
            layer[row].narrow(1, 0, lastLength).copy_(layer[last].narrow(1, 0, lastLength));
        }
    }

    public void Dispose()
    {
        foreach (torch.Tensor layer in _layers)
        {
            layer.Dispose();
        }
    }

    private void Resize(long rows, long length)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        for (int i = 0; i < _layers.Length; i++)
        {
            torch.Tensor old = _layers[i];
            torch.Tensor grown = torch.zeros([rows, _heads, length, _size], device: _device).DetachFromDisposeScope();
            if (old.numel() > 0)
            {
                grown.narrow(0, 0, old.shape[0]).narrow(2, 0, old.shape[2]).copy_(old);
            }

            old.Dispose();
            _layers[i] = grown;
        }

        (_rowCapacity, Length) = (rows, length);
    }
}
