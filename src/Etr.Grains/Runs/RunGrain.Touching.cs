using System.Diagnostics;
using Etr.Grains.Evaluations;
using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Prompts;
using Etr.Grains.Tracing;
using Etr.Grains.Waits;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Runs;

/// <summary>
/// How a running run keeps what it waits for going: it touches its learner, its evaluator and its open groups, at each event, and
/// every few seconds should one of them have been lost with its silo.
/// </summary>
internal sealed partial class RunGrain
{
    /// <summary>The timer that keeps a running run alive in memory, and wakes whoever it waits for.</summary>
    private void KeepTouching()
    {
        bool wanted = Run.State == RunState.Running;
        if (wanted && _touch is null)
        {
            _touch = this.RegisterGrainTimer(
                () =>
                {
                    _pump.Wake();
                    return Task.CompletedTask;
                },
                new GrainTimerCreationOptions(_options.Touch, _options.Touch) { KeepAlive = true });
        }
        else if (!wanted && _touch is { } timer)
        {
            timer.Dispose();
            _touch = null;
        }
    }

    private async Task TouchOpenAsync()
    {
        if (Run.State != RunState.Running)
            return;
        if (RunProgress.EarlyEnd(Run, Context.Configuration.Evaluation.Patience) is { } reason)
        {
            await StopAsync(reason);
            return;
        }

        var learner = GrainFactory.GetGrain<ILearnerGrain>(Name);
        await learner.SkipAsync(Run.Ledger.Mark, Run.Ledger.Skipped);
        _learner = await learner.TouchAsync(KeptSteps);
        if (_learner.Ended.Length > 0)
            await CloseAsync(_learner.Ended);
        else if (_learner.Fault.Length > 0)
            await FailAsync(_learner.Fault);

        bool all = await TouchEvaluatorAsync();
        foreach (long[] some in Run.Ledger.Open.ToArray().Chunk(Parallel))
            all &= (await Task.WhenAll(some.Select(TouchGroupAsync))).All(touched => touched);
        if (!all)
            _pump.WakeAfter(Soon);
        _metrics.Groups(_pulses.Values);
        await DiagnoseNowAsync();
    }

    private int[] KeptSteps =>
        [.. new[] { RunEvaluation.BestOf(Run.Evaluations)?.Step ?? 0, Run.EvaluationDue }.Where(step => step > 0)];

    private async Task<bool> TouchEvaluatorAsync()
    {
        if (Run.EvaluationDue == 0 || Run.State != RunState.Running)
        {
            _evaluator = null;
            return true;
        }

        try
        {
            _evaluator = await GrainFactory.GetGrain<IEvaluatorGrain>(Name).TouchAsync(Run.EvaluationDue, Run.EvaluationSha256);
            return true;
        }
        catch (Exception exception)
        {
            // Evaluations are for people and for the run's end; training does not wait for them.
            LogNoEvaluator(Name, exception.Message);
            return false;
        }
    }

    private async Task<bool> TouchGroupAsync(long ordinal)
    {
        try
        {
            // The first touch opens the group, by way of its prompt; so does one that finds it forgotten.
            GroupPulse pulse = _pulses.ContainsKey(ordinal)
                ? await GrainFactory.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(Name, ordinal)).TouchAsync(Newest)
                : await OpenAsync(ordinal);
            if (pulse.Phase == GroupPhase.Unknown)
                pulse = await OpenAsync(ordinal);
            _unreached.Remove(ordinal);
            if (ordinal >= Run.Ledger.Mark)
                _pulses[ordinal] = pulse;
            return true;
        }
        catch (Exception exception)
        {
            // The next touch tries again; a group out of reach must not hold up the others.
            LogUnreachable(Name, ordinal, exception);
            if (!_unreached.TryGetValue(ordinal, out WaitNote? note))
                _unreached[ordinal] = note = new WaitNote("run", _time);
            note.Set($"an answer of group {ordinal}: {exception.Message}", _options.Touch);
            return false;
        }
    }

    private async Task<GroupPulse> OpenAsync(long ordinal)
    {
        long place = await PlaceAsync(ordinal);
        int prompt = Context.Schedule.PromptOf(place);
        (long version, string file, string sha256) = Policy;
        using Activity? span = GroupSpans.Deal(Name, ordinal, prompt, version).Enter();
        await GrainFactory.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(Name, prompt)).OpenRoundAsync(ordinal, place, version, file, sha256, Run.Guards.TrendOff);
        return new GroupPulse { Phase = GroupPhase.Rolling, Tokens = 0 };
    }

    // What open groups go on with; null where each stays with the policy it was opened with.
    private GroupPolicy? Newest => Shape.SwitchesInFlight() ? new GroupPolicy(Policy.Version, Policy.Sha256) : null;

    private async Task WakeOutboxAsync(long ordinal)
    {
        try
        {
            await GrainFactory.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(Name, ordinal)).TouchAsync();
        }
        catch (Exception exception)
        {
            LogUnreachable(Name, ordinal, exception);
        }
    }

    [LoggerMessage(EventId = 1003, Level = LogLevel.Information, Message = "Run {Run}: no evaluator can be reached: {Reason}")]
    private partial void LogNoEvaluator(string run, string reason);
}
