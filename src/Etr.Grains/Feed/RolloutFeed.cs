namespace Etr.Grains.Feed;

/// <summary>
/// What happens on this silo, for people to watch: a bounded ring that forgets its oldest events and never holds up a
/// grain. It carries nothing that counts.
/// </summary>
public sealed class RolloutFeed
{
    /// <summary>Events kept.</summary>
    public const int Capacity = 65_536;

    private const int LongestText = 2_000;

    private readonly Lock _lock = new();
    private readonly RolloutEvent[] _ring = new RolloutEvent[Capacity];

    // Own events have numbers of their own: where in the ring each is, and how many lie before each place.
    private readonly long[] _ownAt = new long[Capacity];
    private readonly long[] _ownBefore = new long[Capacity];
    private long _next;
    private long _nextOwn;
    private long _missedElsewhere;
    private TaskCompletionSource? _published;
    private TaskCompletionSource? _publishedOwn;

    /// <summary>New with each feed: whose numbers these are.</summary>
    public Guid Epoch { get; } = Guid.NewGuid();

    /// <summary>Sequence number the next event will get, from 0.</summary>
    public long Next
    {
        get
        {
            lock (_lock)
            {
                return _next;
            }
        }
    }

    /// <summary>Number that the next event of this silo itself will get, from 0: those of others are not counted.</summary>
    public long NextOwn
    {
        get
        {
            lock (_lock)
            {
                return _nextOwn;
            }
        }
    }

    /// <summary>Events of other silos that were forgotten there before they came here.</summary>
    public long MissedElsewhere
    {
        get
        {
            lock (_lock)
            {
                return _missedElsewhere;
            }
        }
    }

    /// <summary>Adds an event, forgetting the oldest where the ring is full. A text of more than 2,000 characters is cut.</summary>
    public void Publish(RolloutEvent rolloutEvent)
    {
        RolloutEvent bounded = rolloutEvent.Text.Length <= LongestText ? rolloutEvent : rolloutEvent with { Text = rolloutEvent.Text[..LongestText] + "…" };
        lock (_lock)
        {
            _ownAt[_nextOwn % Capacity] = _next;
            Add(bounded);
            _nextOwn++;
            _publishedOwn?.TrySetResult();
            _publishedOwn = null;
        }
    }

    /// <summary>Adds an event of another silo, for this one's readers alone: it is in no page.</summary>
    public void Relay(RolloutEvent rolloutEvent)
    {
        lock (_lock)
            Add(rolloutEvent);
    }

    /// <summary>Counts events that another silo forgot before they came here.</summary>
    public void RelayMissed(long count)
    {
        lock (_lock)
            _missedElsewhere += Math.Max(0, count);
    }

    /// <summary>Done as soon as there is an event with sequence number <paramref name="from"/> or later.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> ended the wait.</exception>
    public Task WaitAsync(long from, CancellationToken cancellationToken)
    {
        lock (_lock)
            return _next > from ? Task.CompletedTask : Wait(ref _published, cancellationToken);
    }

    /// <summary>Done as soon as this silo itself has published the event with number <paramref name="from"/> or a later one.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> ended the wait.</exception>
    public Task WaitOwnAsync(long from, CancellationToken cancellationToken)
    {
        lock (_lock)
            return _nextOwn > from ? Task.CompletedTask : Wait(ref _publishedOwn, cancellationToken);
    }

    /// <summary>
    /// Copies events from sequence number <paramref name="from"/> on. Returns the number to ask from next; where events
    /// have been forgotten in between, <paramref name="missed"/> says how many.
    /// </summary>
    public long Read(long from, ICollection<RolloutEvent> into, int most, out long missed)
    {
        ArgumentNullException.ThrowIfNull(into);
        lock (_lock)
        {
            long start = Math.Clamp(from, Math.Max(0, _next - Capacity), _next);
            missed = Math.Max(0, start - from);
            long end = Math.Min(_next, start + most);
            for (long i = start; i < end; i++)
                into.Add(_ring[i % Capacity]);
            return end;
        }
    }

    /// <summary>A page of what this silo itself published, from its number <paramref name="from"/> on.</summary>
    public FeedPage ReadPage(long from)
    {
        lock (_lock)
        {
            long oldest = _next <= Capacity ? 0 : _ownBefore[_next % Capacity];
            long start = Math.Clamp(from, oldest, _nextOwn);
            var events = new List<RolloutEvent>();
            int bytes = 0;
            for (long own = start; own < _nextOwn && events.Count < FeedPage.MostEvents; own++)
            {
                RolloutEvent happened = _ring[_ownAt[own % Capacity] % Capacity];
                bytes += FeedPage.SizeOf(happened);
                if (bytes > FeedPage.MostBytes && events.Count > 0)
                    break;
                events.Add(happened);
            }

            return new FeedPage(Epoch, start, start + events.Count, Math.Max(0, start - from), [.. events]);
        }
    }

    private static Task Wait(ref TaskCompletionSource? published, CancellationToken cancellationToken)
    {
        published ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return published.Task.WaitAsync(cancellationToken);
    }

    private void Add(RolloutEvent rolloutEvent)
    {
        _ownBefore[_next % Capacity] = _nextOwn;
        _ring[_next++ % Capacity] = rolloutEvent;
        _published?.TrySetResult();
        _published = null;
    }
}

/// <summary>What an event tells.</summary>
public enum RolloutEventKind
{
    /// <summary>A group opened for a prompt.</summary>
    GroupOpened,

    /// <summary>A reasoning step of a trace ended; <see cref="RolloutEvent.Value"/> is its entropy (nats).</summary>
    StepSampled,

    /// <summary>A trace ended; <see cref="RolloutEvent.Value"/> is its tokens.</summary>
    TraceEnded,

    /// <summary>A group was sealed; <see cref="RolloutEvent.Value"/> is its accuracy, <see cref="RolloutEvent.Trend"/> its mean trend.</summary>
    GroupSealed,

    /// <summary>A policy update was committed; <see cref="RolloutEvent.Ordinal"/> is the step.</summary>
    StepCommitted,

    /// <summary>Something went wrong and was survived: a lease voided, a late completion refused, a step skipped.</summary>
    Fault,

    /// <summary>
    /// The policy of a step was evaluated; <see cref="RolloutEvent.Ordinal"/> is the step, <see cref="RolloutEvent.Value"/> the held-out
    /// accuracy, <see cref="RolloutEvent.Text"/> why it could not be, where it could not.
    /// </summary>
    Evaluated,
}

/// <summary>One event of the feed.</summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Run">The run's name.</param>
/// <param name="Ordinal">The group's ordinal (or the step).</param>
/// <param name="Prompt">The prompt's index; −1 where none is meant.</param>
/// <param name="Slot">The slot; −1 where none is meant.</param>
/// <param name="Step">The reasoning step, from 0; −1 where none is meant.</param>
/// <param name="Value">See <see cref="RolloutEventKind"/>.</param>
/// <param name="Trend">The trend R (nats) so far, under the run's preset.</param>
/// <param name="PolicyVersion">The policy version.</param>
/// <param name="Text">Words for people (faults); the sampler that drew it (steps, traces); else empty.</param>
/// <param name="At">When it was published.</param>
[GenerateSerializer, Immutable, Alias("etr.rollout-event")]
public readonly record struct RolloutEvent(
    [property: Id(0)] RolloutEventKind Kind,
    [property: Id(1)] string Run,
    [property: Id(2)] long Ordinal,
    [property: Id(3)] int Prompt,
    [property: Id(4)] int Slot,
    [property: Id(5)] int Step,
    [property: Id(6)] double Value,
    [property: Id(7)] double Trend,
    [property: Id(8)] long PolicyVersion,
    [property: Id(9)] string Text,
    [property: Id(10)] DateTimeOffset At);
