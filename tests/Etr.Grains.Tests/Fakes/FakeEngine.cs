using System.Collections.Concurrent;
using System.Threading.Channels;
using Etr.Core.Rollouts;
using Etr.Grains.Samplers;

namespace Etr.Grains.Tests.Fakes;

/// <summary>
/// The engines of all silos of a test, which draw what the test says: at once, or when the test takes their requests itself.
/// </summary>
internal sealed class FakeEngine
{
    private readonly Channel<(string Silo, RolloutRequest Request)> _requests = Channel.CreateUnbounded<(string, RolloutRequest)>();

    /// <summary>Draws a request; where null, requests wait in <see cref="NextAsync"/>.</summary>
    public Action<RolloutRequest>? Draw { get; set; } = request => Traces.DrawAll(request, _ => true);

    /// <summary>Draws a request on the silo that it names, instead of <see cref="Draw"/>; false where it has to wait for the test.</summary>
    public Func<string, RolloutRequest, bool>? DrawOn { get; set; }

    /// <summary>While set, no engine can be opened: its silo has no live sampler.</summary>
    public bool IsAbsent { get; set; }

    public ConcurrentQueue<RolloutRequest> Seen { get; } = [];

    public int Capacity { get; set; } = 64;

    public async ValueTask<RolloutRequest> NextAsync(CancellationToken cancellationToken) => (await _requests.Reader.ReadAsync(cancellationToken)).Request;

    /// <summary>The next request, with the silo that was to draw it.</summary>
    public ValueTask<(string Silo, RolloutRequest Request)> NextOnAsync(CancellationToken cancellationToken) => _requests.Reader.ReadAsync(cancellationToken);

    /// <summary>A silo's engine.</summary>
    public IRolloutEngineProvider Of(string silo) => new SiloEngine(this, silo);

    private void Submit(string silo, RolloutRequest request)
    {
        Seen.Enqueue(request);
        if (DrawOn is { } drawOn)
            _ = Task.Run(() => DrawOrWait(() => drawOn(silo, request)), CancellationToken.None);
        else if (Draw is { } draw)
            _ = Task.Run(() => draw(request), CancellationToken.None);
        else
            DrawOrWait(() => false);

        void DrawOrWait(Func<bool> isDrawn)
        {
            if (isDrawn())
                return;
            request.Cancellation.Register(() => End(request));
            _requests.Writer.TryWrite((silo, request));
        }
    }

    // As an engine does at the next token boundary; a slot that had ended before ended as it did.
    private static void End(RolloutRequest request)
    {
        foreach (RolloutSlot slot in request.Slots)
            request.Observer.OnEnd(slot.Slot, TraceEnd.Cancelled, Traces.Prompt);
    }

    private sealed class SiloEngine(FakeEngine engines, string silo) : IRolloutEngine, IRolloutEngineProvider
    {
        public string Device => "fake";

        public int Capacity => engines.Capacity;

        public IReadOnlyList<string> Devices => ["fake"];

        public int CapacityOf(string device) => engines.IsAbsent ? throw new InvalidOperationException("the device is absent") : Capacity;

        public ValueTask<IRolloutEngine> OpenAsync(string device, string kind, string modelFolder, CancellationToken cancellationToken) => new(this);

        public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
        {
            engines.Submit(silo, request);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>Traces a test can predict.</summary>
internal static class Traces
{
    public static readonly int[] Prompt = [1, 2, 3];

    public static SampledToken Token(string text, float entropy = 0.5f, int id = 7, long version = 0) =>
        new(id, text, -0.5f, entropy, 0.25f, false, version);

    /// <summary>The reasoning steps of a trace: <paramref name="count"/> lines, then the answer.</summary>
    public static SampledToken[][] Steps(string answer, int count, long version = 0) =>
    [
        .. Enumerable.Range(0, count).Select(step => new[] { Token($"s{step}", 1f / (step + 1), 10 + step, version), Token("\n\n", 0.5f / (step + 1), 5, version) }),
        [Token("answer=", 0.25f, 6, version), Token(answer, 0.125f, 8, version), Token(".", 0, 9, version), Token("", 0, 0, version)],
    ];

    /// <summary>Draws every slot to its end, slot by slot, after its prefix. Slot k has k + 1 lines before the answer.</summary>
    public static void DrawAll(RolloutRequest request, Func<uint, bool> isRight)
    {
        foreach (RolloutSlot slot in request.Slots)
            DrawSlot(request, slot, isRight(slot.Slot));
    }

    public static void DrawSlot(RolloutRequest request, RolloutSlot slot, bool isRight)
    {
        int skip = slot.Prefix.Count;
        foreach (SampledToken[] step in Steps(Answer(request.Prompt, isRight), (int)slot.Slot + 1, request.Policy.Version))
        {
            SampledToken[] rest = [.. step.Skip(skip)];
            skip = Math.Max(0, skip - step.Length);
            if (rest.Length > 0 && !request.Observer.OnTokens(slot.Slot, rest))
            {
                request.Observer.OnEnd(slot.Slot, TraceEnd.Cancelled, Prompt);
                return;
            }
        }

        request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Prompt);
    }

    /// <summary>The right answer of an arithmetic prompt, worked out here, or a wrong one.</summary>
    public static string Answer(string prompt, bool isRight)
    {
        // [S]a1)ox2)ox3)ox4)ox5)?
        int value = prompt[3] - '0';
        for (int at = 4; at < 20; at += 4)
        {
            int digit = prompt[at + 3] - '0';
            value = prompt[at + 2] switch
            {
                '+' => value + digit,
                '-' => value - digit + 10,
                _ => value * digit,
            } % 10;
        }

        return (isRight ? value : (value + 1) % 10).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
