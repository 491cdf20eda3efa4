using System.Globalization;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace Etr.Silo.RemoteSamplers;

/// <summary>
/// How a server is doing: calls go through it, so that what may pass is made again after a while that differs from call to call, and a
/// server that fails most calls is left alone for a while.
/// </summary>
internal sealed class ServerHealth
{
    /// <summary>How long a server that fails is left alone.</summary>
    public static readonly TimeSpan Break = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(20);
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly CircuitBreakerStateProvider _circuit = new();
    private readonly ResiliencePipeline _pipeline;
    private (string Words, long At)? _fault;
    private int _drawing;
    private long _opened;

    public ServerHealth(RemoteServer server, RemoteMetrics metrics, TimeProvider time)
    {
        _time = time;
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (server.Settings.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<ServerException>(e => e.MayPass).Handle<BrokenCircuitException>(),
                MaxRetryAttempts = server.Settings.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = FirstDelay,
                MaxDelay = LongestDelay,
                DelayGenerator = retry => new ValueTask<TimeSpan?>(DelayOf(retry.Outcome.Exception)),
                OnRetry = _ =>
                {
                    metrics.Retried(server.Name);
                    return default;
                },
            });
        }

        _pipeline = builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<ServerException>(e => !e.BlamesPrompt),
                FailureRatio = 0.5,
                MinimumThroughput = 4,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = Break,
                StateProvider = _circuit,
                OnOpened = _ =>
                {
                    Interlocked.Exchange(ref _opened, time.GetTimestamp());
                    return default;
                },
            })
            .Build();
    }

    /// <summary>Whether it is left alone right now.</summary>
    /// <remarks>A circuit stays open until somebody calls again: when its time is over, somebody must be let.</remarks>
    public bool IsOpen => _circuit.CircuitState == CircuitState.Open && _time.GetElapsedTime(Interlocked.Read(ref _opened)) < Break;

    /// <summary>How it is doing, in words.</summary>
    public string State
    {
        get
        {
            lock (_lock)
            {
                string fault = _fault is { } last
                    ? string.Create(CultureInfo.InvariantCulture, $"{last.Words} ({_time.GetElapsedTime(last.At).TotalSeconds:0} s ago)")
                    : "";
                return IsOpen ? $"left alone for {Break.TotalSeconds:0} s: {fault}"
                    : fault.Length > 0 ? $"last fault: {fault}"
                    : _drawing > 0 ? "drawing"
                    : "ready";
            }
        }
    }

    /// <summary>Makes a call, again where that may help.</summary>
    /// <exception cref="ServerException">It failed for good.</exception>
    /// <exception cref="BrokenCircuitException">The server is left alone.</exception>
    public async Task CallAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _drawing);
        try
        {
            await _pipeline.ExecuteAsync(async token => await call(token), cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _drawing);
        }
    }

    /// <summary>Waits until a server that is left alone may be tried again, so that what is handed back does not come straight back.</summary>
    public Task RestAsync(BrokenCircuitException broken, CancellationToken cancellationToken) =>
        Task.Delay(broken.RetryAfter is { } rest && rest < Break ? rest : Break, _time, cancellationToken);

    /// <summary>Something went wrong.</summary>
    public void Failed(ServerException fault)
    {
        lock (_lock)
        {
            _fault = ($"{Words(fault.Fault)}, {fault.Message}", _time.GetTimestamp());
        }
    }

    /// <summary>A call went well: what went wrong before is over.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            _fault = null;
        }
    }

    /// <summary>A fault as metrics and people call it.</summary>
    public static string Words(ServerFault fault) => fault switch
    {
        ServerFault.Busy => "busy",
        ServerFault.ServerError => "server-error",
        ServerFault.Slow => "slow",
        ServerFault.Garbage => "garbage",
        ServerFault.OtherTokens => "other-tokens",
        ServerFault.NoLogProbs => "no-logprobs",
        ServerFault.OtherWeights => "other-weights",
        ServerFault.CutShort => "cut-short",
        ServerFault.Refused => "refused",
        ServerFault.BadPrompt => "bad-prompt",
        _ => "unreachable",
    };

    // A server that says when is believed, within reason; one that is left alone is tried again when that is over.
    private static TimeSpan? DelayOf(Exception? exception) => exception switch
    {
        ServerException { RetryAfter: { } after } => after < LongestDelay ? after : LongestDelay,
        BrokenCircuitException { RetryAfter: { } rest } => rest,
        _ => null,
    };
}
