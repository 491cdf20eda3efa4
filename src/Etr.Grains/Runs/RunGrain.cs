using Etr.Core.Runs;
using Etr.Grains.Diagnosis;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Logging;
using Etr.Grains.Metrics;
using Etr.Grains.Placement;
using Etr.Grains.Silos;
using Etr.Grains.State;
using Etr.Grains.Waits;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Grains.Runs;

/// <inheritdoc cref="IRunGrain"/>
[RolePlacement(SiloRoles.Learner, preferred: true)]
internal sealed partial class RunGrain : Grain, IRunGrain
{
    // Calls to groups that are under way at once.
    private const int Parallel = 64;

    private readonly IPersistentState<RunRecord> _state;
    private readonly RunContexts _contexts;
    private readonly RolloutFeed _feed;
    private readonly RunMetrics _metrics;
    private readonly IRunArchive _archive;
    private readonly EtrGrainOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StateWriter _writer;
    private readonly Pump _pump;
    private readonly Pump _stepsPump;
    private readonly Dictionary<long, GroupPulse> _pulses = [];
    private readonly Dictionary<long, WaitNote> _unreached = [];
    private readonly Dictionary<int, StepSummary> _summaries = [];
    private LearnerPulse? _learner;
    private Wait? _evaluator;
    private long _sampledBefore;
    private bool _deciding;
    private readonly ISiloStatusOracle _silos;
    private readonly IFreeSpace _space;
    private IGrainTimer? _touch;
    private SiloWatch? _watch;
    private RunContext? _context;

    public RunGrain(
        [PersistentState("run", EtrStorage.Name)] IPersistentState<RunRecord> state,
        RunContexts contexts,
        RolloutFeed feed,
        RunMetrics metrics,
        IRunArchive archive,
        ISiloStatusOracle silos,
        IFreeSpace space,
        IOptions<EtrGrainOptions> options,
        TimeProvider time,
        ILogger<RunGrain> logger)
    {
        (_state, _contexts, _feed, _metrics, _archive, _silos, _space, _options, _time, _logger) = (state, contexts, feed, metrics, archive, silos, space, options.Value, time, logger.InRun(Name));
        _writer = new StateWriter(() => _state.WriteStateAsync(), DeactivateOnIdle);
        _pump = new Pump(this, TouchOpenAsync, _options, _logger);
        _stepsPump = new Pump(this, WriteStepsAsync, _options, _logger);
    }

    private string Name => this.GetPrimaryKeyString();

    private RunRecord Run => _state.State;

    private TimeSpan Soon => _options.Touch / 5;

    private RunOptions Shape => Context.Configuration.Run;

    private RunContext Context => _context ?? throw new InvalidOperationException($"The run '{Name}' has not been started.");

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Run.Start is { } start)
        {
            _context = await _contexts.AddAsync(start);
            NoteLastSteps();
        }

        KeepTouching();
        if (Run.State == RunState.Running)
            _pump.Wake();

        // Groups that lived on a lost silo come back with the next touch: now, not in some seconds; and soon once more, since
        // whoever they ask may live on a silo that has not heard of the death yet.
        _watch = new SiloWatch(_silos, () =>
        {
            _pump.Wake();
            _pump.WakeAfter(Soon);
        });
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _watch?.End();
        _pump.Stop();
        ForgetFindings();
        return EndStepsAsync();
    }

    public async Task StartAsync(RunStart start)
    {
        if (Run.Start is { } known)
        {
            if (known != start)
                throw new InvalidOperationException($"The run '{Name}' exists with another configuration; resume it, or start one under a new name.");
            _pump.Wake();
            return;
        }

        // Refused before anything is stored: a configuration that no grain could read.
        RunContext context = _context = await _contexts.AddAsync(start);
        Run.Start = start;
        (Run.State, Run.Reason, Run.StartedAt) = (RunState.Running, "", _time.GetUtcNow());
        RunProgress.Deal(Run, context.Configuration.Run);
        await _writer.WriteAsync();
        GoOn();
        await RecordAsync();
    }

    public async Task ResumeAsync()
    {
        if (Run.Start is null)
            throw new InvalidOperationException($"There is no run '{Name}'.");
        if (Run.State == RunState.Completed)
            throw new InvalidOperationException($"The run '{Name}' has ended: {Run.Reason}");
        (Run.State, Run.Reason, Run.SkippedInARow, Run.CancelledSinceStep) = (RunState.Running, "", 0, 0);
        RunProgress.Deal(Run, Shape);
        await _writer.WriteAsync();
        GoOn();
        await RecordAsync();
    }

    public async Task PauseAsync(string reason)
    {
        if (Run.State != RunState.Running)
            return;
        (Run.State, Run.Reason) = (RunState.Paused, reason);
        await _writer.WriteAsync();
        KeepTouching();
        await RecordAsync();
    }

    public Task WakeAsync()
    {
        // Activation has armed the timer that does the rest.
        return Task.CompletedTask;
    }

    public async Task StopAsync(string reason)
    {
        if (Run.Start is null || Run.State == RunState.Completed)
            return;

        // A group is consumed or cancelled, never both: the learner first says which steps there are.
        await GrainFactory.GetGrain<ILearnerGrain>(Name).EndAsync(reason);
        await CloseAsync(reason);
    }

    private async Task CloseAsync(string reason)
    {
        if (Run.State == RunState.Completed)
            return;
        (Run.State, Run.Reason) = (RunState.Completed, reason);
        long[] cancelled = RunProgress.CancelOpen(Run);
        await _writer.WriteAsync();
        _ = Task.WhenAll(cancelled.Select(CancelGroupAsync));
        await GoOnOrEndAsync();
    }

    public Task<RunStart?> GetStartAsync() => Task.FromResult(Run.Start);

    public async Task StepCommittedAsync(StepSummary summary)
    {
        if (Run.Start is null || !RunProgress.Commit(Run, summary, Shape))
            return;
        IReadOnlyList<RunAlarm> alarms = RunGuards.Look(Run, summary, Context.Configuration.Guards, Context.Rewards.PaysTrend);
        RunProgress.PlanEvaluation(Run, Context.Configuration.Evaluation.Every);
        RunProgress.Deal(Run, Shape);
        long[] cancelled = Run.State == RunState.Completed ? RunProgress.CancelOpen(Run) : [];
        await _writer.WriteAsync();

        Remember(summary);
        NoteSteps(summary.Step);
        _sampledBefore += summary.SampledTokens;
        _metrics.StepCommitted(summary);
        Publish(RolloutEventKind.StepCommitted, summary.Step, summary.Accuracy, summary.Trend, summary.Applied ? "" : "the update was skipped: loss or gradients were not finite");
        foreach (RunAlarm alarm in alarms)
        {
            Publish(RolloutEventKind.Fault, summary.Step, 0, 0, $"guard {alarm.Guard} ({alarm.Action}): {alarm.Text}");
            LogAlarm(Name, alarm.Guard, alarm.Action, alarm.Text);
        }

        LogStep(Name, summary.Step, summary.Accuracy, summary.Length, summary.Trend);
        _ = Task.WhenAll(summary.Ordinals.Select(WakeOutboxAsync).Concat(cancelled.Select(CancelGroupAsync)));
        await GoOnOrEndAsync();
        await DiagnoseStepAsync();
    }

    public async Task GroupCancelledAsync(long ordinal, GroupCancellation reason)
    {
        GroupOutcome outcome = reason switch
        {
            GroupCancellation.Filtered => GroupOutcome.Filtered,
            GroupCancellation.Quarantined => GroupOutcome.Quarantined,
            GroupCancellation.Unscorable => GroupOutcome.Unscorable,
            _ => GroupOutcome.Operator,
        };
        await DropAsync(ordinal, outcome);
    }

    public Task GroupStaleAsync(long ordinal) => DropAsync(ordinal, GroupOutcome.Stale);

    public async Task<bool> FilterAsync(long ordinal)
    {
        if (Run.Start is null)
            return false;
        long open = Run.Ledger.OpenCount;
        bool dropped = RunProgress.TryFilter(Run, ordinal, Shape);
        if (Run.Ledger.OpenCount == open)
            return dropped;
        RunProgress.Deal(Run, Shape);
        await _writer.WriteAsync();
        _metrics.GroupDropped(GroupOutcome.Filtered);
        await GoOnOrEndAsync();
        return dropped;
    }

    public async Task EvaluatedAsync(RunEvaluation found)
    {
        if (Run.Start is null || !RunProgress.Evaluate(Run, found))
            return;
        RateDecay? decay = RateDecays.Look(Run, Context.Configuration.Evaluation);

        // No step is trained with what may yet be lost; where the write fails this activation is over.
        _deciding = true;
        await _writer.WriteAsync();
        _deciding = false;
        if (decay is not null)
            LogDecay(Name, decay.FromStep, decay.Factor);
        Publish(RolloutEventKind.Evaluated, found.Step, found.Accuracy, 0, found.Failure);
        NoteSteps(found.Step);
        LogEvaluated(Name, found.Step, found.Accuracy, found.Length, found.Failure);
        _pump.Wake();
    }

    public Task<double?> GetRateFactorAsync(int nextStep) =>
        Task.FromResult(Run.Start is null || _deciding ? null : RateDecays.FactorOf(Run, nextStep, Context.Configuration.Evaluation));

    private async Task DropAsync(long ordinal, GroupOutcome outcome)
    {
        if (Run.Start is null || !RunProgress.Drop(Run, ordinal, outcome, Shape))
            return;
        RunProgress.Deal(Run, Shape);
        await _writer.WriteAsync();
        _metrics.GroupDropped(outcome);
        Publish(RolloutEventKind.Fault, ordinal, 0, 0, $"group {ordinal} will not be trained on: {outcome.ToString().ToLowerInvariant()}");
        await GoOnOrEndAsync();
    }

    private async Task GoOnOrEndAsync()
    {
        foreach (long gone in _pulses.Keys.Where(ordinal => ordinal < Run.Ledger.Mark).ToArray())
            _pulses.Remove(gone);
        foreach (long gone in Run.Places.Keys.Where(ordinal => ordinal < Run.Ledger.Mark).ToArray())
            Run.Places.Remove(gone);
        foreach (long gone in _unreached.Keys.Where(ordinal => ordinal < Run.Ledger.Mark).ToArray())
            _unreached.Remove(gone);
        KeepTouching();
        _pump.Wake();
        if (Run.State == RunState.Failed)
            Publish(RolloutEventKind.Fault, Run.Step, 0, 0, Run.Reason);
        await RecordAsync();
    }

    private void GoOn()
    {
        _sampledBefore = 0;
        KeepTouching();
        _pump.Wake();
    }

    private (long Version, string File, string Sha256) Policy => Run.LastStep is { } last
        ? (last.Step, last.PolicyFile, last.PolicySha256)
        : (0, Run.Start!.PolicyFile, Run.Start.PolicySha256);

    private async Task FailAsync(string reason)
    {
        if (Run.State != RunState.Running)
            return;
        (Run.State, Run.Reason) = (RunState.Failed, reason);
        await _writer.WriteAsync();
        await GoOnOrEndAsync();
    }

    private async Task CancelGroupAsync(long ordinal)
    {
        try
        {
            await GrainFactory.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(Name, ordinal)).CancelAsync();
        }
        catch (Exception exception)
        {
            LogUnreachable(Name, ordinal, exception);
        }
    }

    private async Task RecordAsync()
    {
        var entry = new RunEntry
        {
            Run = Name,
            State = Run.State,
            Step = Run.Step,
            Steps = Shape.Steps,
            StartedAt = Run.StartedAt,
            Shaper = Context.Rewards.Shaper.Name,
        };
        try
        {
            await GrainFactory.GetGrain<IRunDirectoryGrain>(0).RecordAsync(entry);
        }
        catch (Exception exception)
        {
            // The directory is a list for people; the run itself is what counts, and the next step records again.
            LogUnrecorded(Name, exception);
        }
    }

    private void Publish(RolloutEventKind kind, long ordinal, double value, double trend, string text) =>
        Publish(new RolloutEvent(kind, Name, ordinal, -1, -1, -1, value, trend, Run.Step, text, _time.GetUtcNow()));

    private void Publish(RolloutEvent happened)
    {
        _feed.Publish(happened);
        if (happened.Kind == RolloutEventKind.Fault)
            Remember(new RunFaultNote(happened.At, Run.Step, happened.Text.StartsWith("group ", StringComparison.Ordinal) ? happened.Ordinal : -1, -1, happened.Text));
    }

    [LoggerMessage(EventId = 1004, Level = LogLevel.Information, Message = "Run {Run}: step {Step} committed, accuracy {Accuracy:F3}, length {Length:F1}, trend {Trend:F3}.")]
    private partial void LogStep(string run, int step, double accuracy, double length, double trend);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Warning, Message = "Run {Run}: guard {Guard}, {Action}: {Text}")]
    private partial void LogAlarm(string run, string guard, string action, string text);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Information, Message = "Run {Run}: step {Step} evaluated, held-out accuracy {Accuracy:F3}, length {Length:F1}. {Failure}")]
    private partial void LogEvaluated(string run, int step, double accuracy, double length, string failure);

    [LoggerMessage(EventId = 1007, Level = LogLevel.Information, Message = "Run {Run}: from step {Step} on the learning rate is held to {Factor} of what it was.")]
    private partial void LogDecay(string run, int step, double factor);

    [LoggerMessage(EventId = 1008, Level = LogLevel.Warning, Message = "Run {Run}: group {Ordinal} could not be reached; it is tried again.")]
    private partial void LogUnreachable(string run, long ordinal, Exception exception);

    [LoggerMessage(EventId = 1009, Level = LogLevel.Warning, Message = "Run {Run} could not be recorded in the directory.")]
    private partial void LogUnrecorded(string run, Exception exception);
}
