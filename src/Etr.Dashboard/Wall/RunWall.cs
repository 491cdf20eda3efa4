using Etr.Grains.Feed;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Wall;

/// <summary>How far a wall has the run's history: what was trained on before this server listened.</summary>
internal enum WallHistory
{
    /// <summary>Nobody has asked for it.</summary>
    Unasked,

    /// <summary>It is being read.</summary>
    Reading,

    /// <summary>It has been read.</summary>
    Read,
}

/// <summary>
/// Every prompt of one run that has been drawn since the server started and, once a page has asked, that was trained on before. Lock it to
/// read.
/// </summary>
internal sealed class RunWall(string run)
{
    /// <summary>Prompts kept; those after it are left out and counted.</summary>
    public const int MostCells = 100_000;

    private const int MostFaults = 500;
    private static readonly TimeSpan SummaryInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, WallCell> _cells = [];
    private readonly Queue<RunFault> _faults = [];
    private WallSummary? _summary;
    private long _summarisedAt;

    public string Run => run;

    /// <summary>Rises by one with each batch of events.</summary>
    public long Version { get; private set; }

    /// <summary>When the newest event happened; null before the first.</summary>
    public DateTimeOffset? NewestAt { get; private set; }

    /// <summary>The last step whose commit was heard of; 0 before the first.</summary>
    public int LastStep { get; private set; }

    /// <summary>Events that were forgotten before they could be read.</summary>
    public long Missed { get; set; }

    /// <summary>How far it has the run's history.</summary>
    public WallHistory History { get; set; }

    public IReadOnlyCollection<WallCell> Cells => _cells.Values;

    /// <summary>The last faults, oldest first.</summary>
    public IReadOnlyCollection<RunFault> Faults => _faults;

    public WallCell? Find(int prompt) => _cells.GetValueOrDefault(prompt);

    /// <summary>What it has in all, counted once a second for everyone who looks.</summary>
    public WallSummary Summary(TimeProvider time)
    {
        if (_summary is null || time.GetElapsedTime(_summarisedAt) >= SummaryInterval)
            (_summary, _summarisedAt) = (new WallSummary(_cells.Count, _cells.Values.Count(cell => cell.Live), WallChoices.Of(Cells)), time.GetTimestamp());
        return _summary;
    }

    /// <summary>Whether the run has still to be asked for the faults that it remembers.</summary>
    public bool LacksFaults { get; private set; } = true;

    /// <summary>When it was asked last, as a timestamp; null where never.</summary>
    public long? AskedForFaultsAt { get; set; }

    /// <summary>Events were missed: groups and faults are to be asked for.</summary>
    public void Doubt()
    {
        LacksFaults = true;
        foreach (var cell in _cells.Values.Where(cell => cell.Live))
            cell.IsDoubtful = true;
    }

    /// <summary>Takes in what the run remembers: faults from before this server looked, or that it did not hear of.</summary>
    public void Remember(IEnumerable<RunFaultNote> notes)
    {
        LacksFaults = false;
        var told = notes.Select(RunFault.Of).DistinctBy(KeyOf).ToDictionary(KeyOf);

        // What was heard of too stays, with its whole text; where it stands in training the run knows better.
        RunFault[] heard = [.. _faults.Select(fault => told.Remove(KeyOf(fault), out var same) ? fault with { Step = same.Step } : fault)];
        _faults.Clear();
        foreach (var fault in told.Values.Concat(heard).OrderBy(fault => fault.At).TakeLast(MostFaults))
            _faults.Enqueue(fault);

        static (DateTimeOffset, string) KeyOf(RunFault fault) => (fault.At, fault.Text[..Math.Min(fault.Text.Length, RunFaultNote.LongestText - 1)]);
    }

    /// <summary>Begins a batch of events.</summary>
    public void BeginBatch() => Version++;

    /// <summary>Marks a cell as changed in this batch.</summary>
    public void Touch(WallCell cell) => cell.ChangedIn = Version;

    public void Apply(in RolloutEvent happened)
    {
        if (NewestAt is not { } newest || happened.At > newest)
            NewestAt = happened.At;
        if (happened.Kind == RolloutEventKind.StepCommitted)
            LastStep = (int)Math.Clamp(happened.Ordinal, LastStep, int.MaxValue);
        if (happened.Kind == RolloutEventKind.Fault)
        {
            _faults.Enqueue(RunFault.Of(happened, LastStep));
            if (_faults.Count > MostFaults)
                _faults.Dequeue();
        }

        if (happened.Prompt < 0 || happened.Kind is RolloutEventKind.Fault or RolloutEventKind.StepCommitted or RolloutEventKind.Evaluated)
            return;
        if (CellOf(happened.Prompt) is not { } cell)
            return;
        cell.Apply(happened);
        Touch(cell);
        cell.Note(Version, happened.At);
    }

    /// <summary>Takes in a round of the run's history; what the feed told stays.</summary>
    public void Seed(RunRound round)
    {
        if (round.Prompt >= 0 && CellOf(round.Prompt) is { } cell && cell.Seed(round))
            Touch(cell);
    }

    private WallCell? CellOf(int prompt)
    {
        if (_cells.TryGetValue(prompt, out var cell))
            return cell;
        return _cells.Count >= MostCells ? null : _cells[prompt] = new WallCell(prompt);
    }
}

/// <summary>A wall in all.</summary>
/// <param name="Seen">Its prompts.</param>
/// <param name="Live">Those being drawn.</param>
/// <param name="Choices">What it can be filtered by.</param>
internal sealed record WallSummary(int Seen, int Live, WallChoices Choices);
