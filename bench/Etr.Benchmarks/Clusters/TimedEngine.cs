using System.Diagnostics;
using Etr.Core.Rollouts;
using Etr.Grains.Samplers;

namespace Etr.Benchmarks.Clusters;

/// <summary>
/// A device that takes a fixed time for a token step, however many slots it decodes, as one does that is bound by reading its
/// weights; with no time, everything is drawn as soon as it is asked for. Traces have a fixed length: lines of seven tokens and a
/// blank line, then an answer.
/// </summary>
/// <param name="capacity">Slots it decodes at once.</param>
/// <param name="tokens">Tokens of a trace.</param>
/// <param name="step">Time of a token step; zero draws at once, on the caller's thread.</param>
/// <param name="hands">Told of each reasoning step (from 0) of a slot as its last token is handed over, where there is a pace.</param>
internal sealed class TimedEngine(int capacity, int tokens, TimeSpan step, Action<RolloutRequest, uint, int>? hands = null) : IRolloutEngine, IRolloutEngineProvider
{
    private const int LineTokens = 8;
    private static readonly int[] PromptTokens = [1, 2, 3, 4, 5, 6, 7, 8];
    private readonly Lock _lock = new();
    private readonly Queue<Slot> _queue = new();
    private readonly SampledToken[] _right = Trace(tokens, "7");
    private readonly SampledToken[] _wrong = Trace(tokens, "x");
    private Thread? _thread;
    private volatile bool _stopped;

    public string Device => "timed";

    public int Capacity => capacity;

    public IReadOnlyList<string> Devices => [Device];

    public int CapacityOf(string device) => capacity;

    public ValueTask<IRolloutEngine> OpenAsync(string device, string kind, string modelFolder, CancellationToken cancellationToken) => new(this);

    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        if (step == TimeSpan.Zero)
        {
            foreach (RolloutSlot slot in request.Slots)
                DrawAll(new Slot(request, slot));
            return ValueTask.CompletedTask;
        }

        lock (_lock)
        {
            foreach (RolloutSlot slot in request.Slots)
                _queue.Enqueue(new Slot(request, slot));
            if (_thread is null)
            {
                _thread = new Thread(Decode) { IsBackground = true, Name = "timed engine", Priority = ThreadPriority.AboveNormal };
                _thread.Start();
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _stopped = true;
        return ValueTask.CompletedTask;
    }

    private static SampledToken[] Trace(int count, string answer)
    {
        var trace = new SampledToken[count];
        for (int i = 0; i < count; i++)
        {
            string text = i == count - 1 ? "" : i == count - 2 ? answer : i == count - 3 ? "answer=" : i % LineTokens == LineTokens - 1 ? "\n\n" : "a";
            trace[i] = new SampledToken(i % 40, text, -0.5f, 1f / (1 + i / LineTokens), 0.25f, ArgMaxBreaks: false, PolicyVersion: 0);
        }

        return trace;
    }

    private SampledToken[] TokensOf(Slot slot, int from, int to)
    {
        SampledToken[] drawn = (slot.Drawn.Slot % 2 == 0 ? _right : _wrong)[from..to];
        for (int i = 0; i < drawn.Length; i++)
            drawn[i] = drawn[i] with { PolicyVersion = slot.Request.Policy.Version };
        return drawn;
    }

    private void DrawAll(Slot slot)
    {
        if (slot.At < tokens)
            slot.Request.Observer.OnTokens(slot.Drawn.Slot, TokensOf(slot, slot.At, tokens));
        slot.Request.Observer.OnEnd(slot.Drawn.Slot, TraceEnd.Finished, PromptTokens);
    }

    // Steps begin by the clock, so that a core which wakes the thread late makes one step late and no later one.
    private void Decode()
    {
        List<Slot> active = [];
        long ticks = (long)(step.TotalSeconds * Stopwatch.Frequency);
        for (long next = Stopwatch.GetTimestamp() + ticks; !_stopped; next += ticks)
        {
            TimeSpan pause = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), next);
            if (pause > TimeSpan.Zero)
                Thread.Sleep(pause);
            active.RemoveAll(Advance);
            lock (_lock)
            {
                while (active.Count < capacity && _queue.TryDequeue(out Slot? slot))
                    active.Add(slot);
            }
        }
    }

    private bool Advance(Slot slot)
    {
        IRolloutObserver observer = slot.Request.Observer;
        if (slot.Request.Cancellation.IsCancellationRequested)
        {
            observer.OnEnd(slot.Drawn.Slot, TraceEnd.Cancelled, PromptTokens);
            return true;
        }

        slot.At++;
        bool ended = slot.At >= tokens;
        if (ended || slot.At % LineTokens == 0)
        {
            hands?.Invoke(slot.Request, slot.Drawn.Slot, (slot.At - 1) / LineTokens);
            bool goesOn = observer.OnTokens(slot.Drawn.Slot, TokensOf(slot, slot.Told, slot.At));
            slot.Told = slot.At;
            ended |= !goesOn;
        }

        if (ended)
            observer.OnEnd(slot.Drawn.Slot, slot.At >= tokens ? TraceEnd.Finished : TraceEnd.Cancelled, PromptTokens);
        return ended;
    }

    private sealed class Slot(RolloutRequest request, RolloutSlot drawn)
    {
        public RolloutRequest Request => request;

        public RolloutSlot Drawn => drawn;

        public int At { get; set; } = drawn.Prefix.Count;

        public int Told { get; set; } = drawn.Prefix.Count;
    }
}
