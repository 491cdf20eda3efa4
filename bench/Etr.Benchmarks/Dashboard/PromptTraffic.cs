using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Feed;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// Publishes what a cluster would: every prompt gets a reasoning step so many times a second, evenly over the second; a trace has
/// 24 steps, ends, is sealed, and the prompt's next group opens. A thread of its own keeps the rate, or says by how much it fell behind.
/// </summary>
/// <param name="feed">Where to.</param>
/// <param name="prompts">Live prompts.</param>
/// <param name="hertz">Steps a prompt and second.</param>
/// <param name="time">Whose seconds.</param>
internal sealed class PromptTraffic(RolloutFeed feed, int prompts, double hertz, TimeProvider time) : IDisposable
{
    private const int Steps = 24;
    private const int Tokens = 192;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private readonly CancellationTokenSource _stop = new();
    private readonly int[] _steps = [.. Enumerable.Range(0, prompts).Select(prompt => prompt % Steps)];
    private readonly long[] _ordinals = [.. Enumerable.Range(0, prompts).Select(prompt => (long)prompt)];
    private Thread? _thread;
    private long _published;

    /// <summary>Steps published.</summary>
    public long Published => Interlocked.Read(ref _published);

    public void Start()
    {
        _thread = new Thread(Publish) { IsBackground = true, Name = "prompt traffic" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread?.Join();
        _stop.Dispose();
    }

    private void Publish()
    {
        long start = time.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            long due = (long)(time.GetElapsedTime(start).TotalSeconds * hertz * prompts);
            while (_published < due && !_stop.IsCancellationRequested)
            {
                Step((int)(_published % prompts));
                Interlocked.Increment(ref _published);
            }

            Thread.Sleep(Tick);
        }
    }

    private void Step(int prompt)
    {
        int step = _steps[prompt];
        double entropy = 1.4 * Math.Exp(-0.12 * step) * (0.7 + 0.3 * ((prompt * 7 + step * 13) % 10) / 10);
        Say(RolloutEventKind.StepSampled, prompt, step, entropy);
        if (++step == Steps)
        {
            Say(RolloutEventKind.TraceEnded, prompt, -1, Tokens);
            Say(RolloutEventKind.GroupSealed, prompt, -1, prompt % 5 / 4.0);
            _ordinals[prompt] += prompts;
            Say(RolloutEventKind.GroupOpened, prompt, -1, 0);
            step = 0;
        }

        _steps[prompt] = step;
    }

    private void Say(RolloutEventKind kind, int prompt, int step, double value) =>
        feed.Publish(Samples.Event(kind, prompt, step: step, value: value, ordinal: _ordinals[prompt]) with { Text = "silo-a/cpu", At = time.GetUtcNow() });
}
