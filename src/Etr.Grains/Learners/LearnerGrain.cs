using System.Diagnostics;
using Etr.Core.Groups;
using Etr.Core.Policies;
using Etr.Core.Training;
using Etr.Grains.Files;
using Etr.Grains.Groups;
using Etr.Grains.Logging;
using Etr.Grains.Placement;
using Etr.Grains.Runs;
using Etr.Grains.Silos;
using Etr.Grains.State;
using Etr.Grains.Tracing;
using Etr.Grains.Waits;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Grains.Learners;

/// <inheritdoc cref="ILearnerGrain"/>
/// <remarks>
/// Calls only note what is offered; the pump trains. Between the trainer's answer and the one ETag write nothing is
/// published: a learner that loses the write to another one ends there, and nobody has heard of its step.
/// </remarks>
[RolePlacement(SiloRoles.Learner)]
internal sealed partial class LearnerGrain : Grain, ILearnerGrain, IDisposable
{
    private const int MostFailures = 5;

    // Bodies of a step that are read at once.
    private const int MostReads = 16;

    private readonly IPersistentState<LearnerRecord> _state;
    private readonly RunContexts _contexts;
    private readonly IPolicyTrainerProvider _provider;
    private readonly IRunFiles _files;
    private readonly EtrGrainOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Pump _pump;
    private readonly WaitNote _wait;
    private readonly CancellationTokenSource _stop = new();

    // What is known to be on disk. Answers are given from it alone, never from a record on its way there.
    private LearnerRecord _committed = new();
    private BatchWindow _window = new(0);
    private IPolicyTrainer? _trainer;
    private IReadOnlyList<ManifestPart>? _parts;
    private int[]? _keep;
    private bool _published;
    private bool _training;
    private bool _ending;
    private Task _committing = Task.CompletedTask;
    private Task _publishing = Task.CompletedTask;
    private long _batchSince;

    public LearnerGrain(
        [PersistentState("learner", EtrStorage.Name)] IPersistentState<LearnerRecord> state,
        RunContexts contexts,
        IPolicyTrainerProvider provider,
        IRunFiles files,
        IOptions<EtrGrainOptions> options,
        TimeProvider time,
        ILogger<LearnerGrain> logger)
    {
        (_state, _contexts, _provider, _files, _options, _time, _logger) = (state, contexts, provider, files, options.Value, time, logger.InRun(Name));
        _pump = new Pump(this, AdvanceAsync, _options, _logger);
        _wait = new WaitNote("learner", time);
        _batchSince = time.GetTimestamp();
    }

    private string Name => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _committed = _state.State;
        _window = new BatchWindow(_committed.Mark);
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _pump.Stop();
        await _stop.CancelAsync();
        if (_trainer is { } trainer)
            await trainer.DisposeAsync();
    }

    public void Dispose() => _stop.Dispose();

    public async Task<SubmitAnswer> SubmitAsync(GroupSubmission submission)
    {
        RunContext context = await _contexts.GetAsync(Name);
        SubmitAnswer answer;
        if (submission.Ordinal < _committed.Mark)
            answer = StepOf(submission.Ordinal) is { } step ? new SubmitAnswer(SubmitKind.Committed, step) : new SubmitAnswer(SubmitKind.Duplicate, 0);
        else if (submission.PolicyVersion + context.Configuration.Run.StalenessBound() < _committed.Step)
            answer = new SubmitAnswer(SubmitKind.Stale, 0);
        else
            answer = new SubmitAnswer(_window.Hold(submission) ? SubmitKind.Accepted : SubmitKind.Duplicate, 0);
        _pump.Wake();
        return answer;
    }

    public Task SkipAsync(long before, long[] ordinals)
    {
        _window.Skip(before, ordinals);
        _pump.Wake();
        return Task.CompletedTask;
    }

    public Task<LearnerPulse> TouchAsync(int[] keep)
    {
        _keep = keep;
        _pump.Wake();
        return Task.FromResult(new LearnerPulse
        {
            Step = _committed.Step,
            Held = _window.HeldCount,
            Wait = _training ? null : _pump.WaitOr(_wait),
            Ended = _committed.Ended,
            Fault = _pump.Failures >= MostFailures ? $"The learner failed {_pump.Failures} times in a row: {_pump.Fault}" : "",
        });
    }

    public async Task EndAsync(string reason)
    {
        if (_committed.Ended.Length == 0)
        {
            // A write under way decides first: its step is committed, or this activation is over.
            _ending = true;
            await _committing;
            await WriteAsync(_committed.End(reason));
        }

        if (!_published && _committed.Manifest is not null)
            await PublishAsync(await _contexts.GetAsync(Name), _committed);
    }

    private int? StepOf(long ordinal)
    {
        // The ends rise, so the first that reaches the ordinal is its step, unless it lies before all that are known.
        int index = Array.FindIndex(_committed.Ends, end => ordinal <= end.LastOrdinal);
        bool known = index > 0 || (index == 0 && _committed.Ends[0].Step == 1);
        return known ? _committed.Ends[index].Step : null;
    }

    private async Task AdvanceAsync()
    {
        RunContext context = await _contexts.GetAsync(Name);
        if (!_published && _committed.Manifest is not null)
            await PublishAsync(context, _committed);
        if (_committed.Step >= context.Configuration.Run.Steps || _ending || _committed.Ended.Length > 0)
            return;

        // Opened while the first groups are drawn, not after: and a policy that does not load is told at once.
        await OpenTrainerAsync(context);
        int count = context.Configuration.Run.PromptsPerStep;
        if (_window.Next(count) is not { } batch)
        {
            _wait.Set($"sealed groups for step {_committed.Step + 1}: {Math.Min(_window.HeldCount, count)} of {count} are here", _options.Touch);
            return;
        }

        if (await RateFactorAsync(context) is not { } rateFactor)
        {
            _wait.Set($"the evaluation that decides the learning rate of step {_committed.Step + 1}", _options.Touch);
            return;
        }

        _training = true;
        try
        {
            await StepAsync(context, batch, rateFactor);
        }
        finally
        {
            _training = false;
        }

        _pump.Wake();
    }

    // Asked before every step: the run's answer for a step is the same however often it is trained.
    private async Task<double?> RateFactorAsync(RunContext context) => context.Configuration.Evaluation.DecayPatience == 0
        ? 1
        : await GrainFactory.GetGrain<IRunGrain>(Name).GetRateFactorAsync(_committed.Step + 1);

    private async Task StepAsync(RunContext context, IReadOnlyList<GroupSubmission> batch, double rateFactor)
    {
        using Activity? span = StepSpan.Begin(Name, _committed.Step + 1, batch).Enter();
        double rolloutSeconds = _time.GetElapsedTime(_batchSince).TotalSeconds;

        // A wait that another step's training covered was none.
        double gradeTail = Math.Min(rolloutSeconds, _window.LastOf(batch).SealSeconds);
        if (await ReadAsync(context, batch) is not { } groups)
            return;
        int step = _committed.Step + 1;
        double[][] advantages = GroupScorer.Advantages(groups, context.Rewards);
        Task<BatchStatistics> statistics = Task.Run(() => BatchStatistics.Of(groups, advantages, context.Rewards));
        IPolicyTrainer trainer = _trainer!;
        TrainingStep trained;
        SavedPolicy saved;
        string gaps;
        long start;
        try
        {
            TrainingBatch training = BatchOf(step, groups, advantages, context.Configuration.Training) with { RateFactor = rateFactor };
            using (StepSpan.Part("train"))
            {
                trained = await trainer.StepAsync(training, _stop.Token)
                    .WaitAsync(_options.Training, _time);
            }

            if (trained.MemoryRetries > 0)
                LogOutOfMemory(Name, step, trained.MemoryRetries, trained.MicroBatchTokens);
            start = _time.GetTimestamp();
            // Beside the checkpoint, which takes longer.
            Task<string> keeping = KeepGapsAsync(context, training, trained);
            using Activity? saving = StepSpan.Part("save");
            saved = await trainer.SaveAsync(context.CheckpointsDirectory, context.Place.Policies, _stop.Token)
                .WaitAsync(_options.Training, _time);
            gaps = await keeping;
        }
        catch (Exception exception)
        {
            // The trainer may stand anywhere now: the next one begins at the last committed checkpoint.
            span.Fail(exception);
            await DiscardTrainerAsync();
            if (exception is TimeoutException)
                throw new InvalidOperationException($"The trainer did not answer within {_options.Training.TotalMinutes:0.#} minutes.", exception);
            throw;
        }

        var draft = new StepDraft(step, batch, groups, await statistics, trained, saved, rolloutSeconds, rateFactor, gradeTail) { GapsSha256 = gaps };
        if (_ending)
            await DiscardTrainerAsync();
        else
            await CommitAsync(context, draft, start);
    }

    private async Task<GroupBody[]?> ReadAsync(RunContext context, IReadOnlyList<GroupSubmission> batch)
    {
        // Some at a time: a disk answers many as fast as one, and memory is for those of one step anyway.
        var groups = new List<GroupBody>(batch.Count);
        foreach (GroupSubmission[] some in batch.Chunk(MostReads))
        {
            GroupBody?[] read = await Task.WhenAll(some.Select(submission => ReadAsync(context, submission)));
            if (read.Contains(null))
                return null;
            groups.AddRange(read!);
        }

        return [.. groups];
    }

    private async Task<GroupBody?> ReadAsync(RunContext context, GroupSubmission submission)
    {
        try
        {
            return GroupBodyCodec.Read(await _files.ReadGroupAsync(context.Place, submission.Sha256, _stop.Token));
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            // Its disk is gone: drawn again under the same ordinal, never lost.
            LogBodyLost(Name, submission.Ordinal, exception);
            _window.Drop(submission.Ordinal);
            await GrainFactory.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(Name, submission.Ordinal)).BodyLostAsync(submission.Sha256);
            return null;
        }
    }

    private static TrainingBatch BatchOf(int step, GroupBody[] groups, double[][] advantages, TrainingOptions options)
    {
        bool mask = options.Truncated == "mask";
        return new TrainingBatch(step,
        [
            .. groups.Select((group, i) => new TrainingGroup(group.Ordinal, group.PromptTokens,
            [
                .. group.Traces.Select((trace, slot) => new TrainingTrace(
                    [.. trace.Tokens.Select(token => token.Id)],
                    [.. trace.Tokens.Select(token => token.LogProb)],
                    advantages[i][slot],
                    trace.Unscorable is not null || (mask && trace.Truncated))),
            ])),
        ]);
    }

    private async Task OpenTrainerAsync(RunContext context)
    {
        if (_trainer is not null)
            return;
        _wait.Set("the trainer to load the policy", _options.Training);
        var start = new FileRef(context.Start.PolicyFile, context.Start.PolicySha256);
        IPolicyTrainer trainer = await _provider.OpenAsync(Name, context.Configuration, start, _stop.Token);
        try
        {
            if (_committed.Kept is [.., var last])
            {
                await trainer.LoadAsync(new FileRef(last.Checkpoint, last.CheckpointSha256), _stop.Token);
                LogLoaded(Name, last.Step, last.Checkpoint);
            }
        }
        catch
        {
            await trainer.DisposeAsync();
            throw;
        }

        _trainer = trainer;
    }

    private async Task DiscardTrainerAsync()
    {
        if (_trainer is { } trainer)
        {
            _trainer = null;

            // One that hangs in native code must not take the learner with it.
            await trainer.DisposeAsync().AsTask().WaitAsync(_options.Touch, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Information, Message = "Run {Run}: the learner goes on from step {Step}, {Checkpoint}.")]
    private partial void LogLoaded(string run, int step, string checkpoint);

    [LoggerMessage(EventId = 1204, Level = LogLevel.Warning, Message = "Run {Run}: memory ran out in step {Step}, {Times} times; it was made again in micro-batches of {Tokens} tokens, and so are the next.")]
    private partial void LogOutOfMemory(string run, int step, int times, int tokens);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Warning, Message = "Run {Run}: the body of group {Ordinal} cannot be read; the group is drawn again.")]
    private partial void LogBodyLost(string run, long ordinal, Exception exception);
}
