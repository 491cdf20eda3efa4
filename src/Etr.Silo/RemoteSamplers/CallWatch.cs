using System.Net.Sockets;
using Etr.Silo.Configuration;

namespace Etr.Silo.RemoteSamplers;

/// <summary>One call's deadlines: for the whole of it, and for each wait in it.</summary>
internal sealed class CallWatch : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly TimeSpan _idle;
    private readonly TimeSpan _whole;
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _linked;

    public CallWatch(RemoteServerSettings settings, TimeProvider time, CancellationToken caller)
        : this(TimeSpan.FromSeconds(settings.Seconds), TimeSpan.FromSeconds(settings.IdleSeconds), time, caller)
    {
    }

    public CallWatch(TimeSpan whole, TimeSpan idle, TimeProvider time, CancellationToken caller)
    {
        (_whole, _idle, _caller) = (whole, idle, caller);
        _deadline = new CancellationTokenSource(whole, time);
        _silence = new CancellationTokenSource(idle, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(caller, _deadline.Token, _silence.Token);
    }

    /// <summary>Set when the caller or a deadline ends the call.</summary>
    public CancellationToken Token => _linked.Token;

    /// <summary>Does one thing that waits for the server.</summary>
    /// <exception cref="ServerException">It did not come in time, or the connection failed.</exception>
    /// <exception cref="OperationCanceledException">The caller ended it.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work)
    {
        _silence.CancelAfter(_idle);
        try
        {
            return await work(_linked.Token);
        }
        catch (OperationCanceledException) when (!_caller.IsCancellationRequested)
        {
            throw new ServerException(
                ServerFault.Slow,
                _deadline.IsCancellationRequested ? $"it took longer than {_whole.TotalSeconds:0.###} s in all" : $"it sent nothing for {_idle.TotalSeconds:0.###} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            throw new ServerException(ServerFault.Unreachable, $"there is no connection ({e.GetBaseException().Message.TrimEnd('.')})", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _linked.Dispose();
        _silence.Dispose();
        _deadline.Dispose();
    }
}
