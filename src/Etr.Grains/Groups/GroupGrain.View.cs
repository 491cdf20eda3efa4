using Etr.Core.Groups;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Statistics;

namespace Etr.Grains.Groups;

/// <summary>What a group shows of itself.</summary>
internal sealed partial class GroupGrain
{
    public async Task<GroupView> GetViewAsync()
    {
        GroupSpec? spec = Group.Spec;
        return new GroupView
        {
            Ordinal = spec?.Ordinal ?? -1,
            Phase = Group.Phase,
            Prompt = spec?.Prompt ?? -1,
            Round = spec?.Round ?? 0,
            PolicyVersion = spec?.PolicyVersion ?? 0,
            Step = Group.Step,
            Traces = _slots is { } slots
                ? Enumerable.Range(0, slots.Count).Select(slot => Live(slots, slot)).ToArray()
                : await SealedTracesAsync(),
        };
    }

    private async Task<TraceView[]> SealedTracesAsync()
    {
        if (Group.Sha256.Length == 0)
            return [];
        GroupBody body;
        try
        {
            body = GroupBodyCodec.Read(await _files.ReadGroupAsync(_context!.Place, Group.Sha256, CancellationToken.None));
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            // A view of a group whose body is gone is a view without traces; the learner's path re-draws it.
            return [];
        }

        return [.. body.Traces.Select(Sealed)];
    }

    private TraceView Sealed(GroupTrace scored, int slot)
    {
        Trace trace = Trace.Of(scored.Tokens, scored.Truncated);
        GradedTrace graded = trace.Graded(scored.Verdict.Correct);
        TraceStatistics statistics = TraceStatistics.Of(graded, _context!.Rewards.Preset, scored.Payment.Reward);
        return View(slot, scored.Tokens, trace.TokenSteps, trace.StepEntropies, statistics.Trend) with
        {
            Ended = true,
            Truncated = scored.Truncated,
            Verdict = scored.Verdict.Unscorable ? -1 : scored.Verdict.Correct ? 1 : 0,
            Extracted = scored.Verdict.Extracted ?? "",
            VerdictReason = scored.Unscorable ?? scored.Verdict.Reason,
            Reward = scored.Payment.Reward,
            CorrectnessReward = scored.Payment.CorrectnessTerm,
            TrendReward = scored.Payment.TrendTerm,
            Advantage = scored.Payment.Advantage,
            SymmetricTrend = statistics.SymmetricTrend,
            Variation = statistics.Variation,
            Spearman = statistics.StepCorrelation ?? double.NaN,
        };
    }

    private TraceView Live(GroupSlots slots, int slot)
    {
        GroupSlots.Slot held = slots[slot];
        var builder = held.Builder;
        var steps = new int[builder.Tokens.Count];
        int step = 0;
        for (int i = 0; i < steps.Length; i++)
        {
            step += step < builder.StepEnds.Count && i == builder.StepEnds[step] ? 1 : 0;
            steps[i] = step;
        }

        return View(slot, builder.Tokens, steps, builder.StepEntropies.ToArray(), builder.Trend) with
        {
            Sampler = held.Sampler,
            Attempt = held.Attempt,
            Ended = held.Ending is not null,
            Truncated = held.Ending == TraceEnd.Truncated,
        };
    }

    private TraceView View(int slot, IReadOnlyList<SampledToken> tokens, int[] steps, double[] entropies, double trend) => new()
    {
        Slot = slot,
        Sampler = slot < Group.Slots.Length ? Group.Slots[slot].Sampler : "",
        Attempt = slot < Group.Slots.Length ? Group.Slots[slot].Attempt : 0,
        Ended = false,
        Truncated = false,
        TokenTexts = tokens.Select(token => token.Text).ToArray(),
        TokenEntropies = tokens.Select(token => token.Entropy).ToArray(),
        TokenLogProbs = tokens.Select(token => token.LogProb).ToArray(),
        TokenSteps = steps,
        StepEntropies = entropies,
        Trend = trend,
        Verdict = -1,
        Extracted = "",
        VerdictReason = "",
        Reward = 0,
        CorrectnessReward = 0,
        TrendReward = 0,
        Advantage = 0,
        SymmetricTrend = 0,
        Variation = 0,
        Spearman = double.NaN,
        OldestVersion = tokens.Select(token => token.PolicyVersion).DefaultIfEmpty(-1).Min(),
        NewestVersion = tokens.Select(token => token.PolicyVersion).DefaultIfEmpty(-1).Max(),
    };
}
