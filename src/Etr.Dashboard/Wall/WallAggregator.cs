using System.Threading.Channels;
using Etr.Dashboard.Reading;
using Etr.Grains.Feed;
using Etr.Grains.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Wall;

/// <summary>
/// The one reader of the feed on this server. It keeps a wall for each of the last runs; circuits read those, never the
/// feed, so that a second viewer costs nothing but a second stream of frames. A wall that a page opens gets the run's history, once.
/// </summary>
internal sealed partial class WallAggregator(
    RolloutFeed feed,
    IRunReader reader,
    WallMetrics metrics,
    IOptions<DashboardOptions> options,
    TimeProvider time,
    ILogger<WallAggregator> logger) : BackgroundService
{
    private const int MostRuns = 8;
    private const int MostEvents = 16_384;
    private const int MostLookups = 16;
    private const int MostPages = 200;
    private const int MostStalls = 3;
    private const int MostHealed = 4;

    // What a process is told of the time before it looked was shown to nobody late.
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly Lock _lock = new();
    private readonly List<RunWall> _walls = [];
    private readonly List<RolloutEvent> _events = [];
    private readonly Channel<RunWall> _opened = Channel.CreateBounded<RunWall>(2 * MostRuns);
    private long _next;
    private long _missedElsewhere;

    /// <summary>
    /// The wall of a run, empty where nothing of it has been seen. Whoever shows one asks again while it does: the walls of runs that nobody
    /// asks for and that draw nothing are forgotten.
    /// </summary>
    public RunWall WallOf(string run)
    {
        lock (_lock)
        {
            var wall = _walls.Find(w => w.Run == run);
            wall ??= new RunWall(run);
            // The one asked for last goes to the end: a run that draws or is looked at stays.
            _walls.Remove(wall);
            _walls.Add(wall);
            if (_walls.Count > MostRuns)
                _walls.RemoveAt(0);
            return wall;
        }
    }

    /// <summary>A page shows this wall: the run's history is read into it in the background, if that is not done or under way.</summary>
    public void Open(RunWall wall)
    {
        lock (wall)
        {
            if (wall.History == WallHistory.Unasked && _opened.Writer.TryWrite(wall))
                wall.History = WallHistory.Reading;
        }
    }

    /// <summary>Takes in what has happened since the last call.</summary>
    public void Drain()
    {
        long end;
        do
        {
            _events.Clear();
            end = feed.Read(_next, _events, MostEvents, out var missed);
            _next = end;
            missed += NewlyMissedElsewhere();
            foreach (var ofRun in _events.GroupBy(e => e.Run))
            {
                var wall = WallOf(ofRun.Key);
                lock (wall)
                {
                    wall.BeginBatch();
                    wall.Missed += missed;
                    foreach (var happened in ofRun)
                    {
                        wall.Apply(happened);
                        if (happened.At >= _since)
                            metrics.TakenIn(time.GetUtcNow() - happened.At);
                    }
                }
            }

            if (missed > 0)
                Doubt();
        }
        while (_events.Count == MostEvents);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var (lookups, seeding) = (LookUpAsync(stoppingToken), SeedOpenedAsync(stoppingToken));
        try
        {
            while (true)
            {
                await feed.WaitAsync(_next, stoppingToken);
                await Task.Delay(options.Value.FeedInterval, time, stoppingToken);
                Drain();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(lookups, seeding);
        }
    }

    private async Task SeedOpenedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var wall in _opened.Reader.ReadAllAsync(cancellationToken))
                await SeedAsync(wall, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server ends.
        }
    }

    /// <summary>Reads a run's history into its wall, page by page. What fails is asked for again by the next page that shows the wall.</summary>
    internal async Task SeedAsync(RunWall wall, CancellationToken cancellationToken)
    {
        var history = WallHistory.Unasked;
        try
        {
            var (before, stalls) = ((RoundPlace?)null, 0);
            for (var page = 0; page < MostPages && stalls < MostStalls; page++)
            {
                var found = await reader.GetRoundsAsync(wall.Run, before, cancellationToken);
                int known;
                lock (wall)
                {
                    wall.BeginBatch();
                    foreach (var round in found.Rounds)
                        wall.Seed(round);
                    known = wall.Cells.Count;
                }

                if (found.Next is null || known >= Math.Min(found.Prompts, RunWall.MostCells))
                    break;
                stalls = found.Next == before ? stalls + 1 : 0;
                before = found.Next;
            }

            // An archive that is too busy leaves the place where it is.
            history = stalls < MostStalls ? WallHistory.Read : WallHistory.Unasked;
        }
#pragma warning disable CA1031 // Whatever a grain answers with, the wall goes on with what the feed tells.
        catch (Exception unanswered) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogHistoryUnanswered(wall.Run, unanswered.Message);
        }
        finally
        {
            lock (wall)
                wall.History = history;
        }
    }

    private long NewlyMissedElsewhere()
    {
        var all = feed.MissedElsewhere;
        var newly = all - _missedElsewhere;
        _missedElsewhere = all;
        return newly;
    }

    /// <summary>Something was not heard: what is being drawn now may lack steps, and faults may lack.</summary>
    private void Doubt()
    {
        lock (_lock)
        {
            foreach (var wall in _walls)
            {
                lock (wall)
                    wall.Doubt();
            }
        }
    }

    private async Task LookUpAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.FrameInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                RunWall[] walls;
                lock (_lock)
                    walls = [.. _walls];
                await Task.WhenAll(walls.Select(wall => LookUpAsync(wall, stoppingToken)));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    // A run that does not answer holds up itself alone.
    private async Task LookUpAsync(RunWall wall, CancellationToken cancellationToken)
    {
        await HealAsync(wall, cancellationToken);
        await LookUpCategoriesAsync(wall, cancellationToken);
    }

    /// <summary>After a gap: what is being drawn is read from its groups, a few at a time; and the run tells its faults.</summary>
    internal async Task HealAsync(RunWall wall, CancellationToken cancellationToken)
    {
        WallCell[] doubtful;
        bool lacksFaults;
        lock (wall)
        {
            doubtful = [.. wall.Cells.Where(cell => cell.IsDoubtful).Take(MostHealed)];
            lacksFaults = wall.LacksFaults && (wall.AskedForFaultsAt is not { } asked || time.GetElapsedTime(asked) >= options.Value.SortInterval);
            if (lacksFaults)
                wall.AskedForFaultsAt = time.GetTimestamp();
        }

        if (lacksFaults && await AnswerAsync(wall, reader.GetFaultsAsync(wall.Run, cancellationToken), cancellationToken) is { } faults)
        {
            lock (wall)
                wall.Remember(faults);
        }

        if (doubtful.Length == 0)
            return;
        var views = await Task.WhenAll(doubtful.Select(cell => AnswerAsync(wall, reader.GetGroupAsync(wall.Run, cell.Ordinal, cancellationToken), cancellationToken)));
        lock (wall)
        {
            wall.BeginBatch();
            foreach (var (cell, view) in doubtful.Zip(views))
            {
                cell.Heal(view);
                wall.Touch(cell);
            }
        }
    }

    /// <summary>Prompts carry their category; the feed doesn't. A few are asked for at a time, those being drawn first, each until it has answered.</summary>
    internal async Task LookUpCategoriesAsync(RunWall wall, CancellationToken cancellationToken)
    {
        WallCell[] unknown;
        lock (wall)
            unknown = [.. wall.Cells.Where(cell => cell.IsUnknown && cell.Live).Concat(wall.Cells.Where(cell => cell.IsUnknown && !cell.Live)).Take(MostLookups)];
        if (unknown.Length == 0)
            return;

        var views = await Task.WhenAll(unknown.Select(cell => AnswerAsync(wall, reader.GetPromptAsync(wall.Run, cell.Prompt, cancellationToken), cancellationToken)));
        lock (wall)
        {
            wall.BeginBatch();
            foreach (var (cell, view) in unknown.Zip(views))
            {
                cell.LookUp(view);
                wall.Touch(cell);
            }
        }
    }

    /// <summary>What a grain answers; null where it does not: the wall goes on as it is.</summary>
    private async Task<T?> AnswerAsync<T>(RunWall wall, Task<T> call, CancellationToken cancellationToken) where T : class
    {
        try
        {
            return await call;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever a grain answers with, it must not keep the others' answers from the wall.
        catch (Exception unanswered)
#pragma warning restore CA1031
        {
            LogUnanswered(wall.Run, unanswered.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 3010, Level = LogLevel.Debug, Message = "The history of {Run} could not be read for its wall: {Reason}")]
    private partial void LogHistoryUnanswered(string run, string reason);

    [LoggerMessage(EventId = 3001, Level = LogLevel.Debug, Message = "A grain of {Run} did not answer its wall: {Reason}")]
    private partial void LogUnanswered(string run, string reason);
}
