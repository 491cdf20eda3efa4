using Etr.Policy.Models;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// Memory for keys and values in pages of <see cref="PagePositions"/> positions, every layer and head of them together. Pages
/// that are no longer used are kept for the next sequence. A page can belong to several sequences as long as none writes to it.
/// </summary>
/// <remarks>
/// A head's part of a page is its keys, in blocks of sixteen positions, dimension by dimension (so that sixteen scores are
/// summed at once, each in the order of dimensions), then its values, position by position, each padded to whole vectors.
/// </remarks>
internal sealed unsafe class KeyValuePages(ModelConfig config) : IDisposable
{
    /// <summary>Positions of a page.</summary>
    public const int PagePositions = 32;

    private readonly Stack<Page> _free = new();
    private readonly List<Page> _all = [];
    private readonly int _keyFloats = PagePositions * config.HeadSize;
    private readonly int _headFloats = PagePositions * (config.HeadSize + VectorMath.Padded(config.HeadSize));
    private readonly int _heads = config.KeyValueHeads;

    /// <summary>Bytes of a page.</summary>
    public long PageBytes => (long)_headFloats * _heads * config.Layers * sizeof(float);

    /// <summary>Pages that were ever needed at once.</summary>
    public int Count => _all.Count;

    /// <summary>A page of its caller's own.</summary>
    public Page Take()
    {
        if (!_free.TryPop(out Page? page))
        {
            page = new Page(new AlignedMemory(PageBytes));
            _all.Add(page);
        }

        page.Users = 1;
        return page;
    }

    /// <summary>One user less.</summary>
    public void Release(Page page)
    {
        if (--page.Users == 0)
        {
            _free.Push(page);
        }
    }

    /// <summary>A copy for a sequence that goes on writing where another one does, too.</summary>
    public Page Copy(Page page)
    {
        Page copy = Take();
        Buffer.MemoryCopy(page.Memory.Bytes, copy.Memory.Bytes, PageBytes, PageBytes);
        return copy;
    }

    /// <summary>Keys of a head in a page.</summary>
    public float* Keys(Page page, int layer, int head) => page.Memory.Floats + (long)(layer * _heads + head) * _headFloats;

    /// <summary>Values of a head in a page.</summary>
    public float* Values(Page page, int layer, int head) => Keys(page, layer, head) + _keyFloats;

    public void Dispose()
    {
        foreach (Page page in _all)
        {
            page.Memory.Dispose();
        }
    }

    /// <summary>A page and the number of sequences that read it.</summary>
    internal sealed class Page(AlignedMemory memory)
    {
        public AlignedMemory Memory => memory;

        public int Users { get; set; }
    }
}
