using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Feed;
using Etr.Grains.Files;
using Etr.Grains.Logging;
using Etr.Grains.Metrics;
using Etr.Grains.Runs;
using Etr.Grains.State;
using Etr.Grains.Tracing;
using Etr.Grains.Waits;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using Activity = System.Diagnostics.Activity;

namespace Etr.Grains.Groups;

/// <inheritdoc cref="IGroupGrain"/>
/// <remarks>
/// Its calls only note what happened; the pump does what follows: lease, dispatch, seal, submit. Durable writes of a group
/// that meets no fault: its leases, its seal, its end (its prompt writes the fourth).
/// </remarks>
[RandomPlacement]
internal sealed partial class GroupGrain : Grain, IGroupGrain
{
    private readonly IPersistentState<GroupRecord> _state;
    private readonly RunContexts _contexts;
    private readonly IRunFiles _files;
    private readonly RolloutFeed _feed;
    private readonly SamplerMetrics _metrics;
    private readonly EtrGrainOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StateWriter _writer;
    private readonly Pump _pump;
    private readonly IGrainTimer _progress;
    private WaitNote? _wait;
    private RunContext? _context;
    // When the last of its traces ended, as a timestamp; null before, and in an activation that did not see it.
    private long? _ended;
    private GroupSlots? _slots;
    private bool _dirty;
    private int _submissions;

    public GroupGrain(
        [PersistentState("group", EtrStorage.Name)] IPersistentState<GroupRecord> state,
        RunContexts contexts,
        IRunFiles files,
        RolloutFeed feed,
        SamplerMetrics metrics,
        IOptions<EtrGrainOptions> options,
        TimeProvider time,
        ILogger<GroupGrain> logger)
    {
        (_state, _contexts, _files, _feed, _metrics, _options, _time, _logger) = (state, contexts, files, feed, metrics, options.Value, time, logger.InGroup(this.GetPrimaryKeyString()));
        _writer = new StateWriter(WriteAsync);
        _pump = new Pump(this, AdvanceAsync, _options, _logger);
        _progress = this.RegisterGrainTimer(
            SaveProgressAsync,
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
    }

    private GroupRecord Group => _state.State;

    private GroupSpec Spec => Group.Spec ?? throw new InvalidOperationException("The group has not been opened.");

    private RewardPlan Rewards => Spec.TrendOff ? _context!.CorrectnessRewards : _context!.Rewards;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Group.Spec is { } spec)
            Remember(await _contexts.GetAsync(spec.Run));
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _pump.Stop();
        _progress.Dispose();
        await SaveLastAsync(cancellationToken);
    }

    public async Task<GroupPulse> OpenAsync(GroupSpec spec)
    {
        if (Group.Spec is null)
        {
            // First what may fail: a group that is open and does not know its run could be neither drawn nor opened again.
            using Activity? span = GroupSpans.Open(spec);
            RunContext context = await _contexts.GetAsync(spec.Run);
            Group.Trace = span?.Id;
            (Group.Spec, Group.Phase) = (spec, GroupPhase.Rolling);
            Remember(context);
            Publish(RolloutEventKind.GroupOpened, -1, -1, 0, 0);
        }

        _pump.Wake();
        return Pulse();
    }

    public async Task<GroupPulse> TouchAsync(GroupPolicy? newest = null)
    {
        if (Group.Phase == GroupPhase.Rolling)
        {
            Switch(newest);
            await VoidDeadLeasesAsync();
        }

        _pump.Wake();
        return Pulse();
    }

    public Task<ReportAnswer> ReportAsync(SlotReport[] reports)
    {
        var refused = new List<Guid>();
        var ended = new List<Guid>();
        foreach (SlotReport report in reports)
        {
            ReportEffect? effect = _slots?.Take(report);
            if (effect is null)
                refused.Add(report.Lease);
            else
                Note(report, effect);
            if (report.Ending is not null)
                ended.Add(report.Lease);
        }

        if (refused.Count > 0)
            Refuse(refused.Count);
        if (ended.Count > 0)
            _ = ReleaseAsync([.. ended]);
        if (refused.Count > 0 || ended.Count > 0)
            _pump.Wake();
        return Task.FromResult(new ReportAnswer(refused.ToArray()));
    }

    public Task DrawFailedAsync(Guid[] leases, string reason)
    {
        if (_slots is not null && _slots.Void(leases) > 0)
        {
            Group.Failures++;
            Fault("the draw failed", reason);
            _ = ReleaseAsync(leases);
            _pump.Wake();
        }

        return Task.CompletedTask;
    }

    public Task BodyLostAsync(string sha256)
    {
        if (Group.Phase == GroupPhase.Sealed && Group.Sha256 == sha256)
        {
            Fault("the sealed body cannot be read any more; the group is drawn again");
            (Group.Phase, Group.Sha256, Group.Bytes, _submissions) = (GroupPhase.Rolling, "", 0, 0);
            _slots = new GroupSlots(_context!.Configuration.Run.GroupSize, _context.Rewards.Preset, Group.Slots);
            _slots.Restart();
            _pump.Wake();
        }

        return Task.CompletedTask;
    }

    public async Task CancelAsync()
    {
        if (Group.Spec is null || Group.Phase is GroupPhase.Consumed or GroupPhase.Stale or GroupPhase.Cancelled)
            return;
        Guid[] leases = _slots is null ? [] : [.. _slots.Leases.SelectMany(held => held)];
        await EndAsync(GroupPhase.Cancelled, GroupCancellation.Operator);
        _ = ReleaseAsync(leases);
    }

    private void Remember(RunContext context)
    {
        _context = context;
        _wait = new WaitNote($"group {Spec.Ordinal}", _time);
        if (Group.Phase == GroupPhase.Rolling)
            _slots = new GroupSlots(_context.Configuration.Run.GroupSize, _context.Rewards.Preset, Group.Slots);
    }

    private GroupPulse Pulse() => new()
    {
        Phase = Group.Phase,
        Wait = _pump.WaitOr(_wait),
        Tokens = _slots?.Tokens ?? Group.Tokens,
    };

    private void Note(SlotReport report, ReportEffect effect)
    {
        foreach (StepProgress step in effect.Steps)
            Publish(RolloutEventKind.StepSampled, report.Slot, step.Step, step.Entropy, step.Trend, _slots![report.Slot].Sampler);
        if (report.PromptTokens is { } prompt)
            Group.PromptTokens = prompt;
        if (effect.Ended)
        {
            PublishEnd(report.Slot);
            Group.Suspect &= !_slots![report.Slot].Alone;
            _ended = _slots.AllEnded ? _time.GetTimestamp() : null;
        }

        if (effect.Tokens > 0 || report.Ending is not null)
            Change();
    }

    private void Change()
    {
        // Coalesced: the first change arms the timer, the others ride along.
        if (!_dirty)
            _progress.Change(_options.Progress, Timeout.InfiniteTimeSpan);
        _dirty = true;
    }

    private void PublishEnd(int slot)
    {
        Trace trace = _slots![slot].Builder.Complete(_slots[slot].Ending == TraceEnd.Truncated);
        var steps = trace.Graded(correct: false).StepsFor(_context!.Rewards.Preset);
        double trend = Core.Trends.EntropyTrend.Of(steps, _context.Rewards.Preset.Trend);
        if (trace.StepEntropies.Length > 0)
            Publish(RolloutEventKind.StepSampled, slot, trace.StepEntropies.Length - 1, trace.StepEntropies[^1], trend, _slots[slot].Sampler);
        Publish(RolloutEventKind.TraceEnded, slot, -1, trace.Tokens.Count, trend, _slots[slot].Sampler);
        _metrics.TraceEnded(trace.Truncated);
    }

    private void Refuse(int count)
    {
        _metrics.Refused(count);
        if (Group.Spec is not null)
            Fault($"{count} reports refused: their lease is not live");
    }

    private async Task SaveProgressAsync(CancellationToken cancellationToken)
    {
        if (!_dirty || Group.Phase != GroupPhase.Rolling)
            return;
        try
        {
            await _writer.WriteAsync();
        }
        catch (Exception exception)
        {
            // The pump meets the same store and decides; progress alone is worth no more than a line.
            LogProgressLost(Spec.Run, Spec.Ordinal, exception);
            _pump.Wake();
        }
    }

    private Task WriteAsync()
    {
        _dirty = false;
        if (_slots is not null && Group.Phase == GroupPhase.Rolling)
            Group.Slots = _slots.ToRecords();
        return _state.WriteStateAsync();
    }

    // What a grader or an engine of someone else says may quote a prompt or a trace: that is for the event, and for logs below information.
    private void Fault(string text, string reason = "")
    {
        RolloutEvent told = Event(RolloutEventKind.Fault, -1, -1, 0, 0, $"group {Spec.Ordinal}: {text}{(reason.Length > 0 ? $": {reason}" : "")}");
        _feed.Publish(told);
        _ = GrainFactory.GetGrain<IRunGrain>(Spec.Run).NoteFaultAsync(told.At, told.Ordinal, told.Prompt, told.Text);
        LogFault(Spec.Run, Spec.Ordinal, text);
        if (reason.Length > 0)
            LogFaultReason(Spec.Run, Spec.Ordinal, reason);
    }

    private void Publish(RolloutEventKind kind, int slot, int step, double value, double trend, string text = "") =>
        _feed.Publish(Event(kind, slot, step, value, trend, text));

    private RolloutEvent Event(RolloutEventKind kind, int slot, int step, double value, double trend, string text) =>
        new(kind, Spec.Run, Spec.Ordinal, Spec.Prompt, slot, step, value, trend, Spec.PolicyVersion, text, _time.GetUtcNow());

    [LoggerMessage(EventId = 1103, Level = LogLevel.Information, Message = "Run {Run}, group {Ordinal}: {Text}.")]
    private partial void LogFault(string run, long ordinal, string text);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Debug, Message = "Run {Run}, group {Ordinal}: {Reason}")]
    private partial void LogFaultReason(string run, long ordinal, string reason);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Warning, Message = "Run {Run}, group {Ordinal}: progress could not be written.")]
    private partial void LogProgressLost(string run, long ordinal, Exception exception);
}
