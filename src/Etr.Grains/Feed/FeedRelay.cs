using Etr.Grains.Silos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Feed;

/// <summary>
/// Brings the feeds of other silos into this process's, for its dashboard: a bounded page of each some times a second.
/// A silo that does not answer is asked again later; nobody waits for it.
/// </summary>
internal sealed partial class FeedRelay(RolloutFeed feed, IFeedSilos silos, IGrainFactory grains, TimeProvider time, ILogger<FeedRelay> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, Source> _sources = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                IReadOnlyList<string> others = await silos.NamesAsync(stoppingToken);
                foreach (string gone in _sources.Keys.Except(others, StringComparer.Ordinal).ToArray())
                    _sources.Remove(gone);
                foreach (string name in others)
                {
                    if (!_sources.TryGetValue(name, out Source? source))
                        _sources[name] = source = new Source();
                    if (source.Asking.IsCompleted)
                        source.Asking = AskAsync(name, source, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task AskAsync(string silo, Source source, CancellationToken stoppingToken)
    {
        try
        {
            FeedPage page = await grains.GetGrain<ISiloGrain>(ISiloGrain.KeyOf(silo)).ReadFeedAsync(source.Epoch, source.Next).WaitAsync(Patience, time, stoppingToken);
            (source.Epoch, source.Next) = (page.Epoch, page.Next);
            foreach (RolloutEvent happened in page.Events)
                feed.Relay(happened);
        }
        catch (Exception exception)
        {
            if (!stoppingToken.IsCancellationRequested)
                LogUnanswered(silo, exception.Message);
        }
    }

    private sealed class Source
    {
        public Guid Epoch { get; set; }

        public long Next { get; set; }

        public Task Asking { get; set; } = Task.CompletedTask;
    }

    [LoggerMessage(EventId = 1601, Level = LogLevel.Debug, Message = "The feed of {Silo} did not answer: {Reason}")]
    private partial void LogUnanswered(string silo, string reason);
}
