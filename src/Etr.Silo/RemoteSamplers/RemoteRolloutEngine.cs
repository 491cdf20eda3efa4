using Etr.Core.Entropies;
using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Scoring;
using Polly.CircuitBreaker;

namespace Etr.Silo.RemoteSamplers;

/// <summary>
/// A rollout engine that has a server draw. Nothing native runs in it, so it needs no thread of its own: its work is waiting. The slots of
/// a request that bring no tokens are one call, so that the server reads their prompt once; each other slot is a call of its own.
/// </summary>
internal sealed partial class RemoteRolloutEngine : IRolloutEngine
{
    // Distance of log-probabilities (nats, mean over a trace) that no rounding explains.
    private const double MostGap = 0.5;

    // Requests in hand at once; whoever brings another waits.
    private const int MostRequests = 256;

    private readonly RemoteServer _server;
    private readonly RemoteModel _model;
    private readonly RemoteLink _link;
    private readonly PolicyScorer? _scorer;
    private readonly SemaphoreSlim _room = new(MostRequests, MostRequests);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _running = [];
    private readonly ILogger _logger;
    private int _disposed;

    /// <param name="server">The server.</param>
    /// <param name="model">The model that it draws with.</param>
    /// <param name="link">The way to it, shared with the server's other models.</param>
    /// <param name="scorer">Gives full-vocabulary entropies where the server has none; this engine disposes it. Null where nobody does.</param>
    /// <param name="logger">Told of faults.</param>
    public RemoteRolloutEngine(RemoteServer server, RemoteModel model, RemoteLink link, PolicyScorer? scorer, ILogger logger) =>
        (_server, _model, _link, _scorer, _logger) = (server, model, link, scorer, logger);

    /// <inheritdoc/>
    public string Device => _server.Name;

    /// <inheritdoc/>
    public int Capacity => _server.Settings.Slots;

    /// <inheritdoc/>
    public async ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        await _room.WaitAsync(cancellationToken);
        lock (_lock)
        {
            if (_disposed != 0)
            {
                _room.Release();
                throw new ObjectDisposedException(nameof(RemoteRolloutEngine));
            }

            Task work = Task.Run(() => DrawAsync(request), CancellationToken.None);
            _running.Add(work);
            _ = work.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Ends every slot with the tokens it has, as cancelled, and waits until all are told.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            if (_disposed != 0)
                return;
            _disposed = 1;
            running = [.. _running];
        }

        await _stop.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_scorer is not null)
            await _scorer.DisposeAsync();
        _stop.Dispose();
    }

    private void Forget(Task work)
    {
        lock (_lock)
        {
            _running.Remove(work);
        }

        _room.Release();
    }

    private async Task DrawAsync(RolloutRequest request)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, request.Cancellation);
        RemoteDraw draw;
        try
        {
            if (request.FullEntropy && _scorer is null && !_server.HasEntropies)
                throw new ArgumentException($"the reward reads full-vocabulary entropies and {_server} has none: set Etr:Samplers:Scoring=torch on its silo");
            draw = new RemoteDraw(request, _model);
        }
        catch (ArgumentException e)
        {
            request.Observer.OnFailed(e.Message);
            return;
        }

        RemoteSlot[] fresh = [.. draw.Open.Where(slot => slot.Prefix.Count == 0)];
        IEnumerable<RemoteSlot[]> calls = fresh.Chunk(Capacity).Concat(draw.Open.Where(slot => slot.Prefix.Count > 0).Select(slot => (RemoteSlot[])[slot]));
        try
        {
            await Task.WhenAll(calls.Select(slots => CallAsync(draw, slots, ended.Token)));
        }
        catch (Exception e)
        {
            // Not the server's fault, but ours or the policy's file's; whoever asked must hear of it.
            LogUnexpected(_server.Name, e);
            draw.Fail(e.Message);
        }
        finally
        {
            draw.EndAll();
        }
    }

    // What the server did wrong ends the call's slots with what they have, for another sampler to go on from.
    private async Task CallAsync(RemoteDraw draw, RemoteSlot[] slots, CancellationToken cancellationToken)
    {
        try
        {
            using IDisposable permits = await _link.EnterAsync(slots.Length, cancellationToken);
            await _link.Health.CallAsync(token => TryAsync(draw, slots, token), cancellationToken);
        }
        catch (ServerException e) when (e.BlamesPrompt)
        {
            draw.Fail($"{_server.Name} does not take it: {e.Message}");
        }
        catch (BrokenCircuitException e)
        {
            await _link.Health.RestAsync(e, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception e) when (e is ServerException or OperationCanceledException)
        {
            // Named and counted where it happened.
        }

        foreach (RemoteSlot slot in slots)
            await FinishAsync(draw, slot);
    }

    private async Task TryAsync(RemoteDraw draw, RemoteSlot[] slots, CancellationToken cancellationToken)
    {
        bool begun = false;
        try
        {
            using ServerAdapters.Use use = await _link.Adapters.UseAsync(draw.Request.Policy, cancellationToken);
            int[] sequence = [.. draw.Prompt, .. slots[0].Prefix];
            var call = new CompletionCall(use.Model, sequence, slots[0].Prefix.Count, draw.Request, [.. slots.Select(slot => slot.Slot)], slots[0].Room);
            var reader = new PieceReader(sequence, slots.Length, _model.Config.VocabularySize, _model.TextOf, draw.Request.Policy.Version, _server.HasEntropies);

            // Leaving the loop closes the connection, and so ends what the server still draws.
            await foreach (ReadOnlyMemory<byte> data in _link.Client.StreamAsync(call, cancellationToken))
            {
                foreach (ServerPiece piece in reader.Read(data))
                {
                    begun |= piece.Tokens.Count > 0;
                    Take(draw, slots[piece.Index], piece);
                }

                if (slots.All(slot => slot.Ending is not null))
                    break;
            }

            if (slots.Any(slot => slot.Ending is null))
                throw new ServerException(ServerFault.Garbage, "its answer ends before its traces do");
            _link.Health.Succeeded();
        }
        catch (ServerException e)
        {
            await NoteAsync(draw.Request.Policy, e);
            throw new ServerException(e.Fault, e.Message, e) { Begun = begun, RetryAfter = e.RetryAfter };
        }
    }

    private void Take(RemoteDraw draw, RemoteSlot slot, ServerPiece piece)
    {
        bool boundary = slot.Take(piece);
        _link.Metrics.Tokens(_server.Name, piece.Tokens.Count);
        if (boundary && slot.Ending is null && _scorer is null)
            draw.Report(slot);
    }

    private async Task FinishAsync(RemoteDraw draw, RemoteSlot slot)
    {
        slot.Cancel();
        if (_scorer is not null && slot.Unreported.Count > 0)
            await ScoreAsync(_scorer, draw, slot);
        draw.End(slot);
    }

    private async Task ScoreAsync(PolicyScorer scorer, RemoteDraw draw, RemoteSlot slot)
    {
        RolloutRequest request = draw.Request;
        try
        {
            TokenMeasure[] measures = await scorer.ScoreAsync(
                request.Policy, [.. draw.Prompt, .. slot.Prefix], [.. slot.Unreported.Select(token => token.Id)], request.Sampling.Temperature, _stop.Token);
            double gap = measures.Zip(slot.Unreported, (ours, theirs) => Math.Abs(ours.LogProbability - theirs.LogProb)).Average();
            _link.Metrics.Gap(_server.Name, gap);
            if (gap > MostGap)
            {
                await NoteAsync(request.Policy, new ServerException(
                    ServerFault.OtherWeights, FormattableString.Invariant($"its log-probabilities lie {gap:0.00} nats from those of policy version {request.Policy.Version}: it draws with other weights or at another temperature")));
                slot.Distrust();
                draw.HandBack(slot);
                return;
            }

            slot.Measure(measures);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // Stopping; what is not scored is drawn again.
            slot.Distrust();
            draw.HandBack(slot);
        }
        catch (CheckpointException e)
        {
            draw.Fail(e.Message);
        }
    }

    private async Task NoteAsync(Core.Rollouts.PolicyRef policy, ServerException fault)
    {
        _link.Health.Failed(fault);
        _link.Metrics.Failed(_server.Name, fault.Fault);
        LogFault(_server.Name, ServerHealth.Words(fault.Fault), fault.Message);
        if (fault.Fault == ServerFault.Refused)
            await _link.Adapters.ForgetAsync(policy);
    }

    [LoggerMessage(EventId = 2301, Level = LogLevel.Warning, Message = "The server {Server} failed a call ({Fault}): {Reason}")]
    private partial void LogFault(string server, string fault, string reason);

    [LoggerMessage(EventId = 2302, Level = LogLevel.Error, Message = "The sampler of {Server} failed.")]
    private partial void LogUnexpected(string server, Exception exception);
}
