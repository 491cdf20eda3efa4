namespace Etr.Policy.Rollouts.Cpu;

/// <summary>The keys and values of one sequence: which pages hold them.</summary>
internal sealed class CachedSequence(KeyValuePages pages)
{
    private readonly List<KeyValuePages.Page> _pages = [];

    /// <summary>The page of a position that there is room for.</summary>
    public KeyValuePages.Page this[int page] => _pages[page];

    /// <summary>Makes room for sequences of <paramref name="length"/> tokens.</summary>
    public void Reserve(int length)
    {
        while (_pages.Count * KeyValuePages.PagePositions < length)
        {
            _pages.Add(pages.Take());
        }
    }

    /// <summary>A sequence that goes on from the first <paramref name="length"/> tokens of this one: full pages are shared.</summary>
    public CachedSequence Fork(int length)
    {
        var fork = new CachedSequence(pages);
        for (int page = 0; page * KeyValuePages.PagePositions < length; page++)
        {
            if ((page + 1) * KeyValuePages.PagePositions <= length)
            {
                _pages[page].Users++;
                fork._pages.Add(_pages[page]);
            }
            else
            {
                fork._pages.Add(pages.Copy(_pages[page]));
            }
        }

        return fork;
    }

    /// <summary>Gives the pages back.</summary>
    public void Release()
    {
        foreach (KeyValuePages.Page page in _pages)
        {
            pages.Release(page);
        }

        _pages.Clear();
    }
}
