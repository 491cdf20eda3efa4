using Etr.Core.Rollouts;

namespace Etr.Core.Evaluation;

/// <summary>Keeps the traces of one prompt as the engine reports them.</summary>
internal sealed class TraceCollector(int samples, Evaluator.Watch watch) : IRolloutObserver
{
    private readonly Lock _lock = new();
    private readonly List<SampledToken>[] _tokens = [.. Enumerable.Range(0, samples).Select(_ => new List<SampledToken>())];
    private readonly TraceEnd?[] _endings = new TraceEnd?[samples];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open = samples;

    /// <summary>Completed once every trace has ended; faulted where the prompt can't be drawn.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The traces, by slot; to be read once <see cref="Ended"/> has completed.</summary>
    public IEnumerable<DrawnTrace> Traces => _tokens.Zip(_endings, (tokens, ending) => new DrawnTrace(tokens, ending == TraceEnd.Truncated));

    /// <inheritdoc/>
    public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
    {
        lock (_lock)
            _tokens[slot].AddRange(tokens);
        watch.Drew(tokens.Count);
        return true;
    }

    /// <inheritdoc/>
    public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
    {
        lock (_lock)
        {
            if (_endings[slot] is not null)
                return;
            _endings[slot] = ending;
            _open--;
        }

        watch.Ended();
        if (ending == TraceEnd.Cancelled)
            _ended.TrySetCanceled();
        else if (_open == 0)
            _ended.TrySetResult();
    }

    /// <inheritdoc/>
    public void OnFailed(string reason) => _ended.TrySetException(new InvalidOperationException($"The engine can't draw a prompt: {reason}"));
}
