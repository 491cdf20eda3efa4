using Etr.Dashboard.Reading;
using Etr.Grains.Feed;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Wall;

/// <summary>
/// The one reader of the feed on this server. It keeps a wall for each of the last runs; circuits read those, never the
/// feed, so that a second viewer costs nothing but a second stream of frames.
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
    private const int MostHealed = 4;

    // What a process is told of the time before it looked was shown to nobody late.
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly Lock _lock = new();
    private readonly List<RunWall> _walls = [];
    private readonly List<RolloutEvent> _events = [];
    private long _next;
    private long _missedElsewhere;

    /// <summary>The wall of a run, empty where nothing of it has been seen.</summary>
    public RunWall WallOf(string run)
    {
        lock (_lock)
        {
            var wall = _walls.Find(w => w.Run == run);
            if (wall is null)
            {
                wall = new RunWall(run);
                _walls.Add(wall);
                if (_walls.Count > MostRuns)
                    _walls.RemoveAt(0);
            }

            return wall;
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
        var lookups = LookUpAsync(stoppingToken);
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
            await lookups;
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
                foreach (var wall in walls)
                {
                    await HealAsync(wall, stoppingToken);
                    await LookUpCategoriesAsync(wall, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
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

        try
        {
            if (lacksFaults)
            {
                var faults = await reader.GetFaultsAsync(wall.Run, cancellationToken);
                lock (wall)
                    wall.Remember(faults);
            }

            if (doubtful.Length == 0)
                return;
            var views = await Task.WhenAll(doubtful.Select(cell => reader.GetGroupAsync(wall.Run, cell.Ordinal, cancellationToken)));
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
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // Whatever a grain answers with, the wall goes on as it is and asks again.
        catch (Exception unanswered)
#pragma warning restore CA1031
        {
            LogUnhealed(wall.Run, unanswered.Message);
        }
    }

    /// <summary>Prompts carry their category; the feed doesn't. A few are asked for at a time, each once.</summary>
    private async Task LookUpCategoriesAsync(RunWall wall, CancellationToken cancellationToken)
    {
        WallCell[] unknown;
        lock (wall)
            unknown = [.. wall.Cells.Where(cell => cell.Category is null).Take(MostLookups)];
        if (unknown.Length == 0)
            return;

        try
        {
            var views = await Task.WhenAll(unknown.Select(cell => reader.GetPromptAsync(wall.Run, cell.Prompt, cancellationToken)));
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
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // Whatever a grain answers with, the wall goes on without categories and asks again.
        catch (Exception unanswered)
#pragma warning restore CA1031
        {
            LogCategoriesUnanswered(wall.Run, unanswered.Message);
        }
    }

    [LoggerMessage(EventId = 3310, Level = LogLevel.Debug, Message = "What was missed of {Run} could not be asked for: {Reason}")]
    private partial void LogUnhealed(string run, string reason);

    [LoggerMessage(EventId = 3001, Level = LogLevel.Debug, Message = "Prompts of {Run} did not say their category: {Reason}")]
    private partial void LogCategoriesUnanswered(string run, string reason);
}
