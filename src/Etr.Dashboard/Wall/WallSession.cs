namespace Etr.Dashboard.Wall;

/// <summary>
/// What one circuit sees of a wall. It answers the question "what must this browser be told now": nothing, the visible
/// cells that changed, or all visible cells (after a gap, a scroll, a re-sort).
/// </summary>
internal sealed class WallSession(RunWall wall, TimeSpan sortInterval, TimeProvider time, WallMetrics? metrics = null)
{
    /// <summary>Cells sent in one frame at most, whatever a browser says it shows.</summary>
    internal const int MostVisible = 2_000;

    // More than these, and the whole cell is as short.
    private const int MostMore = 6;

    private readonly Dictionary<int, ShownCell> _shown = [];
    private int[] _order = [];
    private long _sortedAt;
    private long _sortedVersion = -1;
    private long _sentVersion = -1;
    private uint _sequence;
    private bool _needsSnapshot = true;
    private bool _needsOrder = true;
    private int _first;
    private int _count;
    private int _selected = -1;

    /// <summary>What is shown and in which order.</summary>
    public WallQuery Query { get; private set; } = new();

    /// <summary>Whether the browser's picture is held still.</summary>
    public bool Paused { get; private set; }

    /// <summary>Whether anyone can see it.</summary>
    public bool Visible { get; private set; } = true;

    public void Ask(WallQuery query) => (Query, _needsOrder, _needsSnapshot) = (query, true, true);

    public void Show(int first, int count)
    {
        _first = Math.Max(0, first);
        _count = Math.Clamp(count, 0, MostVisible);
        _needsSnapshot = true;
    }

    public void Select(int prompt) => _selected = prompt;

    public void SetPaused(bool paused) => (Paused, _needsSnapshot) = (paused, _needsSnapshot || !paused);

    public void SetVisible(bool visible) => (Visible, _needsSnapshot) = (visible, _needsSnapshot || visible);

    /// <summary>The browser lost count of the frames: the next one says everything.</summary>
    public void Lost() => _needsSnapshot = true;

    /// <summary>How many cells pass the filters.</summary>
    public int Count()
    {
        lock (wall)
        {
            Sort();
            return _order.Length;
        }
    }

    /// <summary>The next frame, or null where there is nothing new to see.</summary>
    public byte[]? Next()
    {
        if (!Visible || (Paused && !_needsSnapshot))
            return null;

        lock (wall)
        {
            Sort();
            if (!_needsSnapshot && _sentVersion == wall.Version)
                return null;

            var end = (int)Math.Min(_order.Length, (long)_first + _count);
            var frame = new WallFrame(_sequence + 1, _needsSnapshot, _order.Length, _selected, Array.IndexOf(_order, _selected));
            var any = _needsSnapshot;
            if (_needsSnapshot)
                _shown.Clear();
            var now = time.GetUtcNow();
            for (var position = Math.Min(_first, end); position < end; position++)
            {
                if (wall.Find(_order[position]) is not { } cell || (!_needsSnapshot && cell.ChangedIn <= _sentVersion))
                    continue;
                Tell(frame, cell, ShownCell.Of(cell, position, Query.Pins.Contains(cell.Prompt)));

                // A snapshot also has what nobody waited for: what was scrolled to, or happened behind a hidden tab.
                if (!_needsSnapshot && metrics is not null)
                    cell.AfterVersion(_sentVersion, at => metrics.Shown(now - at));
                any = true;
            }

            (_sentVersion, _needsSnapshot) = (wall.Version, false);
            if (!any)
                return null;
            _sequence++;
            return frame.ToArray();
        }
    }

    private void Tell(WallFrame frame, WallCell cell, ShownCell now)
    {
        var more = _shown.TryGetValue(cell.Prompt, out var before) && before with { Steps = now.Steps } == now ? now.Steps - before.Steps : 0;
        if (more is > 0 and <= MostMore && cell.Steps.Length >= more && cell.Prompt < WallFrame.MostPrompt)
            frame.AddSteps(cell, more);
        else
            frame.Add(cell, now.Position, now.Pinned);
        _shown[cell.Prompt] = now;
    }

    private void Sort()
    {
        var due = _sortedVersion != wall.Version && !Paused
            && (_sortedVersion < 0 || time.GetElapsedTime(_sortedAt) >= sortInterval || _order.Length == 0);
        if (!_needsOrder && !due)
            return;

        var order = WallOrder.Of(wall.Cells, Query);
        (_sortedAt, _sortedVersion, _needsOrder) = (time.GetTimestamp(), wall.Version, false);
        if (!order.AsSpan().SequenceEqual(_order))
            (_order, _needsSnapshot) = (order, true);
    }
}

/// <summary>What a browser has been told of a cell: where only its steps have grown, the further ones are enough.</summary>
internal readonly record struct ShownCell(long Ordinal, int Slot, int Revision, int Steps, bool Live, double Accuracy, double Length, long PolicyVersion, int Position, bool Pinned)
{
    public static ShownCell Of(WallCell cell, int position, bool pinned) =>
        new(cell.Ordinal, cell.Slot, cell.Revision, cell.StepCount, cell.Live, cell.Accuracy, cell.Length, cell.PolicyVersion, position, pinned);
}
