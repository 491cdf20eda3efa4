using System.Collections.Concurrent;
using Etr.Core.Rollouts;

namespace Etr.Policy.Tests.Rollouts;

/// <summary>Gathers what an engine reports and says when all of a request's slots are over.</summary>
internal sealed class RecordingObserver(int slots) : IRolloutObserver
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open = slots;

    public ConcurrentDictionary<uint, List<IReadOnlyList<SampledToken>>> Reports { get; } = new();

    public ConcurrentDictionary<uint, TraceEnd> Endings { get; } = new();

    public IReadOnlyList<int> Prompt { get; private set; } = [];

    public string? Failure { get; private set; }

    /// <summary>Asked at each report; false ends the slot.</summary>
    public Func<uint, IReadOnlyList<SampledToken>, bool> GoOn { get; init; } = (_, _) => true;

    public Task Done => _done.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public List<SampledToken> Trace(uint slot) => [.. Reports.GetValueOrDefault(slot, []).SelectMany(report => report)];

    public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
    {
        Reports.GetOrAdd(slot, _ => []).Add(tokens);
        return GoOn(slot, tokens);
    }

    public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
    {
        Assert.True(Endings.TryAdd(slot, ending), $"slot {slot} ended twice");
        Prompt = promptTokens;
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _done.SetResult();
        }
    }

    public void OnFailed(string reason)
    {
        Failure = reason;
        _done.TrySetResult();
    }
}
