using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>
/// Reads a floating-point tensor as fp32, piece by piece, through a window that moves over the memory map: what is mapped at once
/// stays small whatever the tensor's size. Made for reading forwards; reading elsewhere moves the window.
/// </summary>
internal sealed unsafe class TensorReader : IDisposable
{
    // A window costs a call of the system; a larger one counts in the process's memory while it is open.
    private const long WindowBytes = 4L << 20;

    private readonly MemoryMappedFile? _map;
    private readonly TensorEntry _entry;
    private readonly long _start;
    private readonly int _size;
    private MemoryMappedViewAccessor? _view;
    private byte* _bytes;
    private long _first;
    private long _end;

    /// <summary>A reader of a tensor that starts at a byte of the file.</summary>
    public TensorReader(MemoryMappedFile? map, string path, TensorEntry entry, long start)
    {
        _size = entry.Type switch
        {
            torch.ScalarType.Float32 => sizeof(float),
            torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => sizeof(ushort),
            _ => throw new CheckpointException(path, entry.Name, "dtype F32, F16 or BF16", ElementTypes.NameOf(entry.Type)),
        };
        (_map, _entry, _start) = (map, entry, start);
    }

    /// <summary>Elements of the tensor.</summary>
    public long Count => _entry.Bytes / _size;

    /// <summary>Copies elements, widened to fp32.</summary>
    /// <param name="first">The first of them, the last dimension fastest.</param>
    /// <param name="to">Receives as many as it has room for.</param>
    public void Read(long first, Span<float> to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + to.Length, Count);
        while (to.Length > 0)
        {
            Reach(first);
            int count = (int)Math.Min(to.Length, _end - first);
            Widen(_bytes + (first - _first) * _size, to[..count]);
            first += count;
            to = to[count..];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private void Reach(long element)
    {
        if (element >= _first && element < _end)
        {
            return;
        }

        Close();
        long count = Math.Min(Count - element, WindowBytes / _size);
        _view = _map!.CreateViewAccessor(_start + element * _size, count * _size, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _bytes);
        _bytes += _view.PointerOffset;
        (_first, _end) = (element, element + count);
    }

    private void Close()
    {
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }

        _bytes = null;
        (_view, _first, _end) = (null, 0, 0);
    }

    // Tensors need not lie on a multiple of their elements' size.
    private void Widen(byte* source, Span<float> to)
    {
        fixed (float* target = to)
        {
            switch (_entry.Type)
            {
                case torch.ScalarType.Float32:
                    long bytes = (long)to.Length * sizeof(float);
                    Buffer.MemoryCopy(source, target, bytes, bytes);
                    break;
                case torch.ScalarType.BFloat16:
                    WidenBrain(source, target, to.Length);
                    break;
                default:
                    WidenHalf(source, target, to.Length);
                    break;
            }
        }
    }

    // The upper half of a float's bits.
    private static void WidenBrain(byte* source, float* to, int count)
    {
        int i = 0;
        for (; i + Vector256<ushort>.Count <= count; i += Vector256<ushort>.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load((ushort*)(source + 2L * i)));
            (low << 16).AsSingle().Store(to + i);
            (high << 16).AsSingle().Store(to + i + Vector256<uint>.Count);
        }

        for (; i < count; i++)
        {
            to[i] = BitConverter.UInt32BitsToSingle((uint)Unaligned(source, i) << 16);
        }
    }

    private static void WidenHalf(byte* source, float* to, int count)
    {
        for (int i = 0; i < count; i++)
        {
            to[i] = (float)BitConverter.UInt16BitsToHalf(Unaligned(source, i));
        }
    }

    private static ushort Unaligned(byte* source, int index) => MemoryMarshal.Read<ushort>(new ReadOnlySpan<byte>(source + 2L * index, 2));
}
