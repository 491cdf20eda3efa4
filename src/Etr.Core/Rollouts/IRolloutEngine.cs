namespace Etr.Core.Rollouts;

/// <summary>
/// Draws traces on one device. An engine runs on a thread of its own behind a bounded queue: nothing native ever runs on
/// the caller's thread.
/// </summary>
public interface IRolloutEngine : IAsyncDisposable
{
    /// <summary>The device it runs on, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    string Device { get; }

    /// <summary>Most slots it decodes at once; further slots wait in its queue.</summary>
    int Capacity { get; }

    /// <summary>How it stands with its memory.</summary>
    EngineMemory Memory => new(0, Capacity, 0);

    /// <summary>
    /// Hands over one group's slots. Returns once the bounded queue has taken them, not when they are drawn: what is drawn
    /// reaches <see cref="RolloutRequest.Observer"/>. The prompt is prefilled once for all slots of the request.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The engine has stopped.</exception>
    ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken);
}
