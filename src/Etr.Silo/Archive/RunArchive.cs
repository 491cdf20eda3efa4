using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Runs;
using Etr.Silo.Configuration;
using Etr.Silo.Store;

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
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(6);

    private readonly ArchiveSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Noted> _notes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ArchiveWriter> _writers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private readonly ReadingThread _readings;
    private readonly HashSet<string> _unread = new(StringComparer.Ordinal);
    private readonly HashSet<string> _givenUp = new(StringComparer.Ordinal);
    private readonly Func<IReadOnlyList<string>> _folders;
    private bool _disposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="settings">Whether, how much, how long.</param>
    /// <param name="folders">Lists the archives that this silo sees, those of ended runs too: of each what is too old goes, now and then.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Told of what failed.</param>
    public RunArchive(ArchiveSettings settings, Func<IReadOnlyList<string>> folders, TimeProvider time, ILogger<RunArchive> logger)
    {
        (_settings, _folders, _time, _logger) = (settings, folders, time, logger);
        _thread = new Thread(Loop) { Name = "etr-archive", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        _thread.Start();
        _readings = new ReadingThread(time, logger);
    }

    /// <summary>The archives of every run of a data directory.</summary>
    public static IReadOnlyList<string> FoldersIn(DataDirectory data) => [.. data.Runs().Select(run => FolderOf(new RunPlace(run, data.Run(run))))];

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
        Sweep();
        while (Next(out Noted? note))
        {
            if (note is null)
                Sweep();
            else if (!_givenUp.Contains(note.Run.Run))
                Write(note);
        }
    }

    // False where the silo ends; no note where it is time to sweep.
    private bool Next(out Noted? next)
    {
        lock (_notes)
        {
            while (_notes.Count == 0)
            {
                next = null;
                if (_disposed)
                    return false;
                if (!Monitor.Wait(_notes, SweepInterval))
                    return true;
            }

            (string run, next) = _notes.First();
            _notes.Remove(run);
            return true;
        }
    }

    private void Sweep()
    {
        if (!_settings.Enabled || _settings.Days == 0)
            return;
        try
        {
            foreach (string folder in _folders())
                ArchiveRetention.Apply(ArchivePart.Whole(folder), _settings, _time.GetUtcNow());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogUnswept(exception.Message);
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
#pragma warning disable CA1031 // What a record may hold that nobody thought of must not end the silo.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _writers.Remove(note.Run.Run);
            _givenUp.Add(note.Run.Run);
            LogGivenUp(exception, note.Run.Run);
        }
    }

    [LoggerMessage(EventId = 2201, Level = LogLevel.Warning, Message = "Run {Run}: the archive could not be written; the next step tries again: {Reason}")]
    private partial void LogUnwritten(string run, string reason);

    [LoggerMessage(EventId = 2202, Level = LogLevel.Warning, Message = "Run {Run}: {Groups} groups are not in the archive: their files are gone.")]
    private partial void LogLost(string run, int groups);

    [LoggerMessage(EventId = 2203, Level = LogLevel.Warning, Message = "Run {Run}: the silo ended before the archive was written; 'etr export --traces' makes it whole.")]
    private partial void LogUnfinished(string run);

    [LoggerMessage(EventId = 2204, Level = LogLevel.Error, Message = "Run {Run}: its archive is not written on until this silo starts again: its record holds something unexpected.")]
    private partial void LogGivenUp(Exception exception, string run);

    [LoggerMessage(EventId = 2205, Level = LogLevel.Warning, Message = "Archives could not be looked through for parts that are too old; they are again in some hours: {Reason}")]
    private partial void LogUnswept(string reason);

    [LoggerMessage(EventId = 2210, Level = LogLevel.Warning, Message = "Run {Run}: the archive's part of steps {First} to {Last} is passed over, and the run's record read in its place: {Reason}")]
    private partial void LogUnread(string run, int first, int last, string reason);

    private sealed record Noted(RunPlace Run, RewardPlan Rewards, int Step, bool Ended);
}
