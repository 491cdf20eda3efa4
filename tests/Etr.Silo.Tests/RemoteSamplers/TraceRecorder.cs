using System.Collections.Concurrent;
using Etr.Core.Rollouts;

namespace Etr.Silo.Tests.RemoteSamplers;

/// <summary>Gathers what an engine reports and says when all of a request's slots are over.</summary>
internal sealed class TraceRecorder(int slots) : IRolloutObserver
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<uint, List<SampledToken>> _tokens = new();
    private int _open = slots;

    public ConcurrentDictionary<uint, TraceEnd> Endings { get; } = new();

    public ConcurrentDictionary<uint, int> Reports { get; } = new();

    public IReadOnlyList<int> Prompt { get; private set; } = [];

    public string? Failure { get; private set; }

    public Task Done => _done.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public IReadOnlyList<SampledToken> Trace(uint slot) => _tokens.GetValueOrDefault(slot, []);

    public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
    {
        Assert.Null(Failure);
        _tokens.GetOrAdd(slot, _ => []).AddRange(tokens);
        Reports.AddOrUpdate(slot, 1, (_, count) => count + 1);
        return true;
    }

    public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
    {
        Assert.Null(Failure);
        Assert.True(Endings.TryAdd(slot, ending), $"slot {slot} ended twice");
        Prompt = promptTokens;
        if (Interlocked.Decrement(ref _open) == 0)
            _done.SetResult();
    }

    public void OnFailed(string reason)
    {
        Assert.Null(Failure);
        Failure = reason;
        _done.TrySetResult();
    }
}
