using Etr.Core.Rollouts;

namespace Etr.Benchmarks.Remote;

/// <summary>Gathers a request's tokens and says when all its slots are over.</summary>
internal sealed class GroupObserver(int slots) : IRolloutObserver
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<uint, List<SampledToken>> _traces = [];
    private int _open = slots;

    public Task Done => _done.Task;

    public IReadOnlyDictionary<uint, List<SampledToken>> Traces => _traces;

    public int Tokens => _traces.Values.Sum(trace => trace.Count);

    public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
    {
        if (!_traces.TryGetValue(slot, out List<SampledToken>? trace))
            _traces[slot] = trace = [];
        trace.AddRange(tokens);
        return true;
    }

    public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
    {
        if (ending == TraceEnd.Cancelled)
            _done.TrySetException(new InvalidOperationException($"slot {slot} was handed back"));
        if (--_open == 0)
            _done.TrySetResult();
    }

    public void OnFailed(string reason) => _done.TrySetException(new InvalidOperationException(reason));
}
