using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Runs;
using Etr.Silo.Configuration;

namespace Etr.Silo.Archive;

/// <summary>
/// Writes the archives of the runs that this silo is told of, on one thread of its own. It keeps one note a run, the newest, so that what
/// waits is bounded by the number of runs. When the silo ends, runs that have ended get their last part within a deadline. Pages' histories
/// are read on another thread, so that they do not wait for a part to be written.
/// </summary>
internal sealed partial class RunArchive : IRunArchive, IDisposable
{
    private const int MostUnread = 1_000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly ArchiveSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Noted> _notes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ArchiveWriter> _writers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private readonly ReadingThread _readings;
    private readonly HashSet<string> _unread = new(StringComparer.Ordinal);
    private bool _disposed;

    /// <summary>Starts the thread.</summary>
    public RunArchive(ArchiveSettings settings, TimeProvider time, ILogger<RunArchive> logger)
    {
        (_settings, _time, _logger) = (settings, time, logger);
        _thread = new Thread(Loop) { Name = "etr-archive", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        _thread.Start();
        _readings = new ReadingThread(time, logger);
    }

    /// <summary>The folder of a run's archive.</summary>
    public static string FolderOf(RunPlace run) => Path.Combine(run.Directory, "archive");

    /// <inheritdoc/>
    public void Note(RunPlace run, RewardPlan rewards, int lastStep, bool ended)
    {
        if (!_settings.Enabled || lastStep == 0)
            return;
        lock (_notes)
        {
            if (_disposed)
                return;
            _notes[run.Run] = new Noted(run, rewards, lastStep, ended);
            Monitor.Pulse(_notes);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StepSummary>> ReadStepsAsync(RunPlace run, int first, int last) =>
        _readings.ReadAsync<IReadOnlyList<StepSummary>>(run.Run, stop => ReaderOf(run).Steps(first, last, stop), []);

    /// <inheritdoc/>
    public Task<RoundsPage> ReadRoundsAsync(RunPlace run, RewardPlan rewards, int lastStep, int prompts, RoundPlace? before) => _readings.ReadAsync(
        run.Run,
        stop => new RoundReader(run, FolderOf(run), rewards, ReaderOf(run), _time).Page(lastStep, prompts, before, stop),
        // Where nothing came in time the place stays: whoever asks again goes on from there.
        new RoundsPage([], prompts, before ?? new RoundPlace(lastStep, long.MaxValue)));

    /// <summary>Ends the thread after what was noted is written, or at the deadline.</summary>
    public void Dispose()
    {
        lock (_notes)
        {
            _disposed = true;
            Monitor.Pulse(_notes);
        }

        _readings.Dispose();
        if (!_thread.Join(Deadline))
        {
            _stop.Cancel();
            _thread.Join();
        }

        _stop.Dispose();
    }

    private ArchiveReader ReaderOf(RunPlace run) => new(FolderOf(run), (part, reason) =>
    {
        // Said once of a part, however often its run is looked at. Only the reading thread comes here.
        if (_unread.Count < MostUnread && _unread.Add($"{part.StepsFile} {part.Written.Ticks}"))
            LogUnread(run.Run, part.First, part.Last, reason);
    });

    private void Loop()
    {
        while (Next() is { } note)
            Write(note);
    }

    private Noted? Next()
    {
        lock (_notes)
        {
            while (_notes.Count == 0)
            {
                if (_disposed)
                    return null;
                Monitor.Wait(_notes);
            }

            (string run, Noted note) = _notes.First();
            _notes.Remove(run);
            return note;
        }
    }

    private void Write(Noted note)
    {
        try
        {
            if (!Directory.Exists(note.Run.Directory))
                return;
            if (!_writers.TryGetValue(note.Run.Run, out ArchiveWriter? writer))
                _writers[note.Run.Run] = writer = new ArchiveWriter(note.Run, FolderOf(note.Run), note.Rewards, _settings, _time);
            int lost = writer.Lost;
            writer.Write(note.Step, note.Ended, _stop.Token);
            if (writer.Lost > lost)
                LogLost(note.Run.Run, writer.Lost - lost);
            if (note.Ended)
                _writers.Remove(note.Run.Run);
        }
        catch (OperationCanceledException)
        {
            LogUnfinished(note.Run.Run);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // For people: the next step's note tries again, from what is on disk.
            _writers.Remove(note.Run.Run);
            LogUnwritten(note.Run.Run, exception.Message);
        }
    }

    [LoggerMessage(EventId = 2201, Level = LogLevel.Warning, Message = "Run {Run}: the archive could not be written; the next step tries again: {Reason}")]
    private partial void LogUnwritten(string run, string reason);

    [LoggerMessage(EventId = 2202, Level = LogLevel.Warning, Message = "Run {Run}: {Groups} groups are not in the archive: their files are gone.")]
    private partial void LogLost(string run, int groups);

    [LoggerMessage(EventId = 2203, Level = LogLevel.Warning, Message = "Run {Run}: the silo ended before the archive was written; 'etr export --traces' makes it whole.")]
    private partial void LogUnfinished(string run);

    [LoggerMessage(EventId = 2210, Level = LogLevel.Warning, Message = "Run {Run}: the archive's part of steps {First} to {Last} is passed over, and the run's record read in its place: {Reason}")]
    private partial void LogUnread(string run, int first, int last, string reason);

    private sealed record Noted(RunPlace Run, RewardPlan Rewards, int Step, bool Ended);
}
