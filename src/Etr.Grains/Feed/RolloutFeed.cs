namespace Etr.Grains.Feed;

/// <summary>
/// What happens on this silo, for people to watch: a bounded ring that forgets its oldest events and never holds up a
/// grain. It carries nothing that counts.
/// </summary>
public sealed class RolloutFeed
{
    /// <summary>Events kept.</summary>
    public const int Capacity = 65_536;

    private readonly Lock _lock = new();
    private readonly RolloutEvent[] _ring = new RolloutEvent[Capacity];
    private readonly bool[] _relayed = new bool[Capacity];
    private long _next;
    private TaskCompletionSource? _published;

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

    /// <summary>Adds an event, forgetting the oldest where the ring is full.</summary>
    public void Publish(RolloutEvent rolloutEvent) => Add(rolloutEvent, relayed: false);

    /// <summary>Adds an event of another silo, for this one's readers alone: <see cref="ReadOwn"/> leaves it out.</summary>
    public void Relay(RolloutEvent rolloutEvent) => Add(rolloutEvent, relayed: true);

    private void Add(RolloutEvent rolloutEvent, bool relayed)
    {
        lock (_lock)
        {
            _relayed[_next % Capacity] = relayed;
            _ring[_next++ % Capacity] = rolloutEvent;
            _published?.TrySetResult();
            _published = null;
        }
    }

    /// <summary>Done as soon as there is an event with sequence number <paramref name="from"/> or later.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> ended the wait.</exception>
    public Task WaitAsync(long from, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_next > from)
                return Task.CompletedTask;
            _published ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _published.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Copies events from sequence number <paramref name="from"/> on. Returns the number to ask from next; where events
    /// have been forgotten in between, <paramref name="missed"/> says how many.
    /// </summary>
    public long Read(long from, ICollection<RolloutEvent> into, int most, out long missed) => Read(from, into, most, ownOnly: false, out missed);

    /// <summary>As <see cref="Read(long, ICollection{RolloutEvent}, int, out long)"/>, without what other silos published.</summary>
    public long ReadOwn(long from, ICollection<RolloutEvent> into, int most, out long missed) => Read(from, into, most, ownOnly: true, out missed);

    private long Read(long from, ICollection<RolloutEvent> into, int most, bool ownOnly, out long missed)
    {
        lock (_lock)
        {
            long start = Math.Clamp(from, Math.Max(0, _next - Capacity), _next);
            missed = Math.Max(0, start - from);
            long end = Math.Min(_next, start + most);
            for (long i = start; i < end; i++)
            {
                if (ownOnly && _relayed[i % Capacity])
                    continue;
                into.Add(_ring[i % Capacity]);
            }

            return end;
        }
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
