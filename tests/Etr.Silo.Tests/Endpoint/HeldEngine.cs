using Etr.Core.Rollouts;

namespace Etr.Silo.Tests.Endpoint;

/// <summary>An engine that takes requests and draws nothing until it is told to.</summary>
internal sealed class HeldEngine : IRolloutEngine
{
    private readonly TaskCompletionSource<RolloutRequest> _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Device => "held";

    public int Capacity => 64;

    /// <summary>The first request.</summary>
    public Task<RolloutRequest> Taken => _taken.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

    /// <summary>Whether it was cancelled.</summary>
    public Task Cancelled => _cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        request.Cancellation.Register(_cancelled.SetResult);
        _taken.TrySetResult(request);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
