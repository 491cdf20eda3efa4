using System.Threading.Channels;
using Etr.Core.Policies;
using Etr.Core.Rollouts;
using Etr.Grains.Files;
using Etr.Grains.Groups;
using Etr.Grains.Logging;
using Etr.Grains.Metrics;
using Etr.Grains.Placement;
using Etr.Grains.Tracing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Etr.Grains.Samplers;

/// <inheritdoc cref="ISamplerGrain"/>
[Immovable]
[HomePlacement]
[Reentrant]
internal sealed partial class SamplerGrain : Grain, ISamplerGrain
{
    // How long what was drawn is offered to a group that does not answer; its slots are leased anew by then.
    private static readonly TimeSpan TellDeadline = TimeSpan.FromSeconds(60);

    private readonly IRolloutEngineProvider _provider;
    private readonly IRunFiles _files;
    private readonly SamplerMetrics _metrics;
    private readonly EtrGrainOptions _options;
    private readonly ILocalSiloDetails _silo;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Guid _epoch = Guid.NewGuid();
    private readonly HashSet<SlotDraw> _draws = [];

    // Leases that ended and that no heartbeat has told the pool of yet.
    private readonly HashSet<Guid> _ended = [];
    private EngineMemory _memory;
    private long _tokens;
    private long _lastTokens;
    private long _lastBeat;
    private bool _stopped;

    public SamplerGrain(
        IRolloutEngineProvider provider,
        IRunFiles files,
        SamplerMetrics metrics,
        IOptions<EtrGrainOptions> options,
        ILocalSiloDetails silo,
        TimeProvider time,
        ILogger<SamplerGrain> logger)
    {
        (_provider, _files, _metrics, _options, _silo, _time, _logger) = (provider, files, metrics, options.Value, silo, time, logger);
        _lastBeat = time.GetTimestamp();
    }

    private string Key => this.GetPrimaryKeyString();

    private string Device => Key[(Key.LastIndexOf('/') + 1)..];

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _stopped = true;
        StopAll();
        return Task.CompletedTask;
    }

    public Task<bool> DrawAsync(DrawRequest request)
    {
        if (request.Epoch != _epoch || _stopped)
            return Task.FromResult(false);
        Guid[] known = [.. _draws.SelectMany(draw => draw.Held).Select(held => held.Lease)];
        if (request.Slots.Any(slot => known.Contains(slot.Lease)))
            return Task.FromResult(true);
        if (_drain is not null)
            return Task.FromResult(false);
        _ = RunAsync(request);
        return Task.FromResult(true);
    }

    public Task StopAsync(Guid[] leases)
    {
        foreach (SlotDraw draw in _draws)
            draw.Stop(leases);
        return Task.CompletedTask;
    }

    public Task HandBackAsync(string group, long before)
    {
        foreach (SlotDraw draw in _draws.Where(draw => draw.Request.Group == group && draw.Request.PolicyVersion < before))
            draw.HandBack();
        return Task.CompletedTask;
    }

    public async Task HeartbeatAsync()
    {
        if (_stopped)
            return;
        TimeSpan elapsed = _time.GetElapsedTime(_lastBeat);
        double rate = elapsed > TimeSpan.Zero ? (_tokens - _lastTokens) / elapsed.TotalSeconds : 0;
        (_lastBeat, _lastTokens) = (_time.GetTimestamp(), _tokens);
        EngineMemory memory = _provider.MemoryOf(Device);
        NoteMemory(memory);
        Guid[] ended = [.. _ended];
        Guid[] stop = await GrainFactory.GetGrain<ISamplerPoolGrain>(0).HeartbeatAsync(new SamplerHeartbeat
        {
            Sampler = Key,
            Epoch = _epoch,
            Silo = _silo.SiloAddress,
            Device = Device,
            Capacity = _provider.CapacityOf(Device),
            Leases = [.. _draws.SelectMany(draw => draw.Held)],
            TokensPerSecond = rate,
            Draining = _drain is not null,
            Ended = ended,
            MemoryHalvings = memory.Halvings,
            CacheTokens = memory.CacheTokens,
            State = _provider.StateOf(Device),
            MemoryBytes = Environment.WorkingSet,
        });
        _ended.ExceptWith(ended);
        await StopAsync(stop);
    }

    private void NoteMemory(EngineMemory memory)
    {
        if (memory.Halvings > _memory.Halvings)
            LogOutOfMemory(Key, memory.Slots, memory.CacheTokens);
        _metrics.Memory(Key, Math.Max(0, memory.Halvings - _memory.Halvings), Math.Max(0, memory.GaveWay - _memory.GaveWay));
        _memory = memory;
    }

    private void StopAll()
    {
        foreach (SlotDraw draw in _draws)
            draw.Stop([.. draw.Held.Select(held => held.Lease)]);
    }

    /// <summary>Hands a request to the engine and tells the group what comes of it, until all its slots are done.</summary>
    private async Task RunAsync(DrawRequest request)
    {
        // One signal is enough, however many tokens it stands for: the grain takes all there is.
        var news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var draw = new SlotDraw(request, () => news.Writer.TryWrite(true));
        using var spans = new LeaseSpans(request, Key, draw.Prefixes);
        using CancellationTokenRegistration cancelled = draw.Cancellation.Register(() => news.Writer.TryWrite(true));
        _draws.Add(draw);
        try
        {
            await SubmitAsync(draw);
            while (!draw.IsDone)
            {
                await news.Reader.ReadAsync();
                await TellAsync(draw, spans);
            }
        }
        catch (Exception exception) when (_stopped)
        {
            // The group is not to blame: the sampler went before it could be told.
            LogUntold(_logger.InDraw(request), Key, request.Group, exception);
        }
        catch (Exception exception)
        {
            LogDrawFailed(_logger.InDraw(request), Key, request.Group, exception);
            await FailAsync(draw, exception.Message);
        }
        finally
        {
            _draws.Remove(draw);
            _ended.UnionWith(draw.Request.Slots.Select(slot => slot.Lease));
            if (_draws.Count == 0)
                _idle?.TrySetResult();
        }
    }

    private async Task SubmitAsync(SlotDraw draw)
    {
        try
        {
            DrawRequest request = draw.Request;
            if (await OpenPolicyAsync(draw) is not { } folder)
            {
                draw.NotTaken();
                return;
            }

            IRolloutEngine engine = await _provider.OpenAsync(Device, request.Engine, folder, draw.Cancellation);
            await engine.SubmitAsync(RequestOf(draw, PolicyFolder.PolicyFileIn(folder)), draw.Cancellation);
        }
        catch (OperationCanceledException) when (draw.Cancellation.IsCancellationRequested)
        {
            // Nobody wants it any more, or it is handed back before the engine had room for it.
            draw.NotTaken();
        }
    }

    /// <summary>The folder of the request's policy; null where nobody hands it out for so long that another sampler may try.</summary>
    private async Task<string?> OpenPolicyAsync(SlotDraw draw)
    {
        DrawRequest request = draw.Request;
        long start = _time.GetTimestamp();
        for (TimeSpan pause = _options.Retry; ; pause = pause * 2 < _options.Touch ? pause * 2 : _options.Touch)
        {
            try
            {
                return await _files.OpenPolicyAsync(request.Place, request.PolicyVersion, request.PolicySha256, draw.Cancellation);
            }
            catch (IOException exception)
            {
                // The learner's silo may be away for a moment; its absence says nothing against the prompt.
                LogNoPolicy(_logger.InDraw(request), Key, request.Group, exception.Message);
                if (_time.GetElapsedTime(start) > TellDeadline)
                    return null;
                await Task.Delay(pause, _time, draw.Cancellation);
            }
        }
    }

    private async Task TellAsync(SlotDraw draw, LeaseSpans spans)
    {
        if (draw.Failure is { } failure)
        {
            // Should the weights be what failed, a fetched copy is checked, and fetched again for the next draw.
            await _files.RefusePolicyAsync(draw.Request.PolicySha256);
            await FailAsync(draw, failure);
            return;
        }

        SlotReport[] reports = spans.Named(draw.Take());
        if (reports.Length == 0)
            return;
        var group = GrainFactory.GetGrain<IGroupGrain>(draw.Request.Group);
        long start = _time.GetTimestamp();
        for (TimeSpan pause = _options.Retry; ; pause = pause * 2 < _options.Touch ? pause * 2 : _options.Touch)
        {
            try
            {
                ReportAnswer answer = await group.ReportAsync(reports);
                int tokens = draw.Told(reports, answer.Refused);
                spans.Told(reports);
                _tokens += tokens;
                _metrics.Tokens(Key, tokens);
                return;
            }
            catch (Exception exception) when (_time.GetElapsedTime(start) < TellDeadline && !_stopped)
            {
                // A timeout means unknown: the same is told again, and counts once.
                LogUntold(_logger.InDraw(draw.Request), Key, draw.Request.Group, exception);
                await Task.Delay(pause, _time);
            }
        }
    }

    private async Task FailAsync(SlotDraw draw, string reason)
    {
        Guid[] leases = [.. draw.Held.Select(held => held.Lease)];
        draw.Stop(leases);
        try
        {
            await GrainFactory.GetGrain<IGroupGrain>(draw.Request.Group).DrawFailedAsync(leases, reason);
        }
        catch (Exception exception)
        {
            // The heartbeat no longer lists the leases, so the pool voids them.
            LogUntold(_logger.InDraw(draw.Request), Key, draw.Request.Group, exception);
        }
    }

    private static RolloutRequest RequestOf(SlotDraw draw, string policyFile)
    {
        DrawRequest request = draw.Request;
        return new RolloutRequest(
            request.Prompt,
            (uint)request.PromptIndex,
            (uint)request.Round,
            (ulong)request.Seed,
            new PolicyRef(request.PolicyVersion, policyFile, request.PolicySha256),
            new SamplingOptions { Temperature = request.Temperature, TopP = request.TopP, TopK = request.TopK, MaxNewTokens = request.MaxNewTokens },
            draw.Prefixes,
            draw,
            draw.Cancellation)
        {
            FullEntropy = request.FullEntropy,
        };
    }

    [LoggerMessage(EventId = 1303, Level = LogLevel.Warning, Message = "{Sampler} could not tell {Group} what it drew; it tries again.")]
    private static partial void LogUntold(ILogger logger, string sampler, string group, Exception exception);

    [LoggerMessage(EventId = 1304, Level = LogLevel.Warning, Message = "{Sampler} has no policy to draw {Group} with and asks again: {Reason}")]
    private static partial void LogNoPolicy(ILogger logger, string sampler, string group, string reason);

    [LoggerMessage(EventId = 1309, Level = LogLevel.Warning, Message = "{Sampler} ran out of memory; it goes on with at most {Slots} slots and the keys and values of {Tokens} tokens.")]
    private partial void LogOutOfMemory(string sampler, int slots, long tokens);

    [LoggerMessage(EventId = 1305, Level = LogLevel.Warning, Message = "{Sampler} could not draw for {Group}.")]
    private static partial void LogDrawFailed(ILogger logger, string sampler, string group, Exception exception);
}
