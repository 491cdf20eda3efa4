using Etr.Core.Files;
using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Statistics;
using Etr.Grains.Feed;
using Etr.Grains.Learners;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Tracing;
using Microsoft.Extensions.Logging;
using Activity = System.Diagnostics.Activity;

namespace Etr.Grains.Groups;

/// <summary>What a group does by itself.</summary>
internal sealed partial class GroupGrain
{
    private const int MostFailures = 3;

    private ISamplerPoolGrain Pool => GrainFactory.GetGrain<ISamplerPoolGrain>(0);

    private async Task AdvanceAsync()
    {
        if (Group.Phase == GroupPhase.Rolling && (Group.Failures >= MostFailures || Group.CrashesAlone >= MostCrashesAlone))
            await EndAsync(GroupPhase.Cancelled, GroupCancellation.Quarantined);
        if (Group.Phase == GroupPhase.Rolling && !_slots!.AllEnded)
            await LeaseAsync();
        if (Group.Phase == GroupPhase.Rolling && _slots!.AllEnded)
            await SealAsync();
        if (Group.Phase == GroupPhase.Sealed)
            await SubmitAsync();
        if (Group.Phase == GroupPhase.Cancelled && Group.Cancellation != GroupCancellation.Operator)
            await GrainFactory.GetGrain<IRunGrain>(Spec.Run).GroupCancelledAsync(Spec.Ordinal, Group.Cancellation);
        if (Group.Phase == GroupPhase.Stale)
            await GrainFactory.GetGrain<IRunGrain>(Spec.Run).GroupStaleAsync(Spec.Ordinal);

        // What is over is in the store and in its file; memory is for what is under way.
        if (Group.Phase is GroupPhase.Consumed or GroupPhase.Stale or GroupPhase.Cancelled)
            DeactivateOnIdle();
    }

    private async Task LeaseAsync()
    {
        GroupSlots slots = _slots!;
        if (slots.Unleased.Length == 0)
            return;
        GroupPolicy policy = Policy;
        if (_wait!.Current is null)
            _wait.Set("the pool's answer", _options.SlotWait);
        LeaseGrant grant = await Pool.LeaseAsync(new LeaseRequest
        {
            Group = this.GetPrimaryKeyString(),
            Ordinal = Spec.Ordinal,
            Slots = slots.Unleased,
            Alone = Group.Suspect,
        });
        if (grant.Leases.Length == 0)
        {
            _wait.Set($"a free sampler slot: {grant.Reason}", _options.SlotWait);
            _pump.WakeAfter(_options.Retry);
            return;
        }

        SlotLease[] leases = Group.Phase == GroupPhase.Rolling ? slots.Grant(grant, policy.Version) : [];
        Guid[] all = [.. grant.Leases.Select(lease => lease.Lease)];
        Guid[] superfluous = [.. all.Except(leases.Select(lease => lease.Lease))];
        if (superfluous.Length > 0)
            await ReleaseAsync(superfluous);
        if (leases.Length == 0)
        {
            _wait.Clear();
            return;
        }

        bool refused = true;
        try
        {
            // Persisted before dispatch: whoever holds the state after a crash knows which lease may report.
            _wait.Set("the store to keep its leases", _options.Touch);
            await _writer.WriteAsync();

            // A call that fails says nothing about what became of it: its trace may have killed the sampler before the answer.
            // The leases stay, then, and the pool says how they were lost.
            refused = false;
            _wait.Set($"{grant.Sampler} to take its draw", _options.Touch);
            refused = !await GrainFactory.GetGrain<ISamplerGrain>(grant.Sampler).DrawAsync(Draw(grant, leases, slots, policy));
        }
        finally
        {
            _wait.Clear();

            // Not taken: the slots get other leases, and this one's reports are refused.
            if (refused)
            {
                Guid[] dead = [.. leases.Select(lease => lease.Lease)];
                slots.Void(dead);
                _ = ReleaseAsync(dead);
                _pump.WakeAfter(_options.Retry);
            }
        }

        if (slots.Unleased.Length > 0 && !refused)
            _pump.Wake();
    }

    private DrawRequest Draw(LeaseGrant grant, SlotLease[] leases, GroupSlots slots, GroupPolicy policy)
    {
        SamplingOptions sampling = _context!.Configuration.Sampling;
        return new DrawRequest
        {
            Group = this.GetPrimaryKeyString(),
            Trace = Group.Trace,
            Place = _context.Place,
            Engine = _context.Configuration.Policy.ToEngineKind(),
            FullEntropy = _context.Rewards.ReadsFullEntropy,
            Epoch = grant.Epoch,
            Prompt = _context.Prompts[Spec.Prompt].Text,
            PromptIndex = Spec.Prompt,
            Round = Spec.Round,
            Seed = _context.Configuration.Run.Seed,
            PolicyVersion = policy.Version,
            PolicySha256 = policy.Sha256,
            Temperature = sampling.Temperature,
            TopP = sampling.TopP,
            TopK = sampling.TopK,
            MaxNewTokens = sampling.MaxNewTokens,
            Slots = [.. leases.Select(lease => new DrawSlot(lease.Slot, lease.Lease, TokenFrame.Pack(slots[lease.Slot].Builder.Tokens), grant.Alone))],
        };
    }

    private async Task ReleaseAsync(Guid[] leases)
    {
        if (leases.Length == 0)
            return;
        try
        {
            await Pool.ReleaseAsync(leases);
        }
        catch (Exception exception)
        {
            // The sampler's heartbeat no longer lists them, so the pool gets them back by itself.
            LogNotReleased(Spec.Run, Spec.Ordinal, exception);
        }
    }

    private async Task SealAsync()
    {
        string[] leases = _slots!.Traces;
        using Activity? span = GroupSpans.Seal(Group, leases).Enter();
        long begun = _time.GetTimestamp();
        GroupBody? body = await ScoreAsync();
        Group.GradeSeconds = _time.GetElapsedTime(begun).TotalSeconds;
        if (Group.Phase != GroupPhase.Rolling)
            return;
        if (body is null)
        {
            await EndAsync(GroupPhase.Cancelled, GroupCancellation.Unscorable);
            return;
        }

        TraceStatistics[] traces = GroupScorer.Statistics(body, Rewards);
        RoundResult result = ResultOf(traces);
        if (await FilteredAsync(body, result))
            return;

        byte[] bytes = GroupBodyCodec.Write(body);
        Group.Sha256 = DurableFile.Sha256(bytes);
        await _files.WriteGroupAsync(_context!.Place, Group.Sha256, bytes, CancellationToken.None);
        if (Group.Phase != GroupPhase.Rolling)
            return;

        (Group.Phase, Group.Bytes, Group.Tokens) = (GroupPhase.Sealed, bytes.Length, traces.Sum(trace => (long)trace.TokenCount));
        Group.Slots = [.. _slots!.ToRecords().Select(slot => slot with { Frame = [], Ending = null })];
        (Group.Suspect, Group.Untold) = (false, result);
        (Group.SealTrace, Group.LeaseTraces) = (span?.Id ?? Group.Trace, leases);
        Group.SealSeconds = _time.GetElapsedTime(_ended ?? begun).TotalSeconds;
        try
        {
            await _writer.WriteAsync();
        }
        catch
        {
            // Nobody may hear of a seal that is not on disk.
            Group.Phase = GroupPhase.Rolling;
            throw;
        }

        // With the write, where this activation lives to tell it.
        Group.SealSeconds = _time.GetElapsedTime(_ended ?? begun).TotalSeconds;
        _slots = null;
        Publish(RolloutEventKind.GroupSealed, -1, -1, result.Accuracy, result.Trend);
    }

    private RoundResult ResultOf(TraceStatistics[] traces)
    {
        GroupStatistics group = GroupStatistics.Of(traces);
        return new RoundResult
        {
            Round = Spec.Round,
            Ordinal = Spec.Ordinal,
            PolicyVersion = Spec.PolicyVersion,
            Accuracy = group.Accuracy,
            Length = group.Length,
            Trend = group.Trend,
            BestSlot = SlotOf(traces, scored => scored.Max()),
            WorstSlot = SlotOf(traces, scored => scored.Min()),
        };
    }

    // The run decides, since it has the budget; asked again after a crash it says the same.
    private async Task<bool> FilteredAsync(GroupBody body, RoundResult result)
    {
        bool filters = _context!.Configuration.Run.Filter == "no-signal";
        if (!filters || GroupFilter.HasSignal(body.Traces, Rewards.Estimator) || !await GrainFactory.GetGrain<IRunGrain>(Spec.Run).FilterAsync(Spec.Ordinal))
            return false;
        await GrainFactory.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(Spec.Run, Spec.Prompt)).RoundSealedAsync(result);
        if (Group.Phase == GroupPhase.Rolling)
            await EndAsync(GroupPhase.Cancelled, GroupCancellation.Filtered);
        return true;
    }

    private static int SlotOf(TraceStatistics[] traces, Func<IEnumerable<double>, double> rewardOf)
    {
        double reward = rewardOf(traces.Where(trace => !trace.Unscorable).Select(trace => trace.Reward));
        return Array.FindIndex(traces, trace => !trace.Unscorable && trace.Reward == reward);
    }

    // A grader or shaper of the user's own is waited for: calls come in meanwhile, and may even end the group.
    private async Task<GroupBody?> ScoreAsync()
    {
        var prompt = _context!.Prompts[Spec.Prompt];
        var identity = new GroupIdentity((ulong)_context.Configuration.Run.Seed, Spec.Prompt, Spec.Round, prompt.Id);
        var body = new GroupBody(Spec.Ordinal, Spec.Prompt, Spec.Round, Spec.PolicyVersion, Group.PromptTokens, []);
        Trace[] traces = [.. Enumerable.Range(0, _slots!.Count).Select(slot => _slots[slot].Builder.Complete(_slots[slot].Ending == TraceEnd.Truncated))];
        _wait!.Set("its grader and its shaper to answer", TimeSpan.FromSeconds(_context.Configuration.Run.ExtensionDeadline));
        try
        {
            var verdicts = new Verdict[traces.Length];
            for (int slot = 0; slot < verdicts.Length; slot++)
                verdicts[slot] = await _context.Grader.GradeAsync(traces[slot].Text, prompt.Answer);
            GroupTrace[] scored = await GroupScorer.ScoreAsync(traces, verdicts, Rewards, identity);
            if (scored.FirstOrDefault(trace => trace.Unscorable is not null) is { } unscored)
                Fault($"{scored.Count(trace => trace.Unscorable is not null)} of {scored.Length} traces cannot be scored", unscored.Unscorable ?? "");
            return body with { Traces = scored };
        }
        catch (Exception exception)
        {
            // An entropy that is no number, an answer that breaks the grader: this group cannot be paid, the run can go on.
            Fault("it cannot be scored", exception.Message);
            return null;
        }
        finally
        {
            _wait?.Clear();
        }
    }

    private async Task SubmitAsync()
    {
        // The learner first: a step may wait for this group, and the prompt's write takes its time.
        Task<SubmitAnswer> submitted = GrainFactory.GetGrain<ILearnerGrain>(Spec.Run).SubmitAsync(new GroupSubmission
        {
            Ordinal = Spec.Ordinal,
            Prompt = Spec.Prompt,
            Round = Spec.Round,
            PolicyVersion = Spec.PolicyVersion,
            Sha256 = Group.Sha256,
            Bytes = Group.Bytes,
            Trace = Group.SealTrace,
            Leases = Group.LeaseTraces,
            GradeSeconds = Group.GradeSeconds,
            SealSeconds = Group.SealSeconds,
        });
        if (Group.Untold is { } result)
        {
            await GrainFactory.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(Spec.Run, Spec.Prompt)).RoundSealedAsync(result);

            // Not written: telling it twice changes nothing.
            Group.Untold = null;
        }

        SubmitAnswer answer = await submitted;
        if (Group.Phase != GroupPhase.Sealed)
            return;
        switch (answer.Kind)
        {
            case SubmitKind.Accepted:
                TimeSpan pause = _options.Retry * Math.Pow(2, Math.Min(_submissions++, 12));
                pause = pause < _options.Touch ? pause : _options.Touch;
                _wait!.Set("its step to be committed", pause);
                _pump.WakeAfter(pause);
                break;
            case SubmitKind.Stale:
                await EndAsync(GroupPhase.Stale, default);
                break;
            default:
                Group.Step = answer.Step;
                await EndAsync(GroupPhase.Consumed, default);
                break;
        }
    }

    private async Task EndAsync(GroupPhase phase, GroupCancellation cancellation)
    {
        Guid[] leases = _slots is null ? [] : [.. _slots.Leases.SelectMany(held => held)];
        (Group.Phase, Group.Cancellation, Group.PromptTokens) = (phase, cancellation, []);
        Group.Slots = [.. Group.Slots.Select(slot => slot with { Frame = [], Lease = Guid.Empty })];
        _slots = null;
        _wait?.Clear();
        try
        {
            await _writer.WriteAsync();
        }
        catch
        {
            // Nobody may hear of an end that is not on disk: the next activation reads what is, and decides again.
            DeactivateOnIdle();
            throw;
        }

        if (Group.Sha256.Length > 0)
            _files.ForgetGroup(_context!.Place, Group.Sha256);
        await ReleaseAsync(leases);
        _pump.Wake();
    }

    [LoggerMessage(EventId = 1101, Level = LogLevel.Information, Message = "Run {Run}, group {Ordinal}: leases could not be given back; the pool finds them.")]
    private partial void LogNotReleased(string run, long ordinal, Exception exception);
}
