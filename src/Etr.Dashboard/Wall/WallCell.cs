using System.Runtime.CompilerServices;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Wall;

/// <summary>What the wall knows of one prompt: its newest group, and of that the trace it follows.</summary>
internal sealed class WallCell(int prompt)
{
    private const int MostSlots = 256;
    private const int Never = -1;
    private const int LongestName = 100;
    private const int MostLookUps = 3;

    private readonly Dictionary<int, SlotTrace> _slots = [];
    private SlotTrace? _followed;
    private int _followedSlot = Never;
    private long _lastRound = Never;
    private double _sumOfAccuracies;
    private NewestEvents _newest;
    private int _noted;
    private int _lookUps;
    private int _rounds;

    public int Prompt => prompt;

    /// <summary>Ordinal of its newest group.</summary>
    public long Ordinal { get; private set; } = Never;

    /// <summary>Its category; null until it has been looked up.</summary>
    public string? Category { get; set; }

    /// <summary>Whether its prompt is still to be asked for its category: until it has answered, three times at most.</summary>
    public bool IsUnknown => Category is null && _lookUps < MostLookUps;

    /// <summary>The data set that its id names; empty where unknown.</summary>
    public string DataSet { get; private set; } = "";

    /// <summary>The silo that drew its newest step; empty before the first.</summary>
    public string Silo { get; private set; } = "";

    /// <summary>Mean share of right traces over its known rounds (0 to 1): how easy it is. NaN before the first.</summary>
    public double Ease => _rounds == 0 ? double.NaN : _sumOfAccuracies / _rounds;

    /// <summary>Share of right traces of the last sealed group; NaN before the first.</summary>
    public double Accuracy { get; private set; } = double.NaN;

    /// <summary>Mean tokens of the newest group's ended traces; 0 before the first.</summary>
    public double Length { get; private set; }

    /// <summary>Policy version of the newest event.</summary>
    public long PolicyVersion { get; private set; }

    /// <summary>Whether its newest group is still being drawn.</summary>
    public bool Live { get; private set; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>The wall's version when it last changed.</summary>
    public long ChangedIn { get; set; }

    /// <summary>Whether events of its group may have been missed.</summary>
    public bool IsDoubtful { get; set; }

    /// <summary>Entropies (nats) of the followed trace's kept steps.</summary>
    public ReadOnlySpan<double> Steps => _followed is null ? [] : _followed.Steps;

    /// <summary>Steps of the followed trace, those no longer kept included.</summary>
    public int StepCount => _followed?.Count ?? 0;

    /// <summary>Rises where steps of the followed trace were drawn anew.</summary>
    public int Revision => _followed?.Revision ?? 0;

    /// <summary>The followed trace's slot; −1 before the first.</summary>
    public int Slot => _followedSlot;

    /// <summary>The followed trace's R (nats).</summary>
    public double Trend => _followed?.Trend ?? 0;

    /// <summary>How far the followed trace's entropy has fallen (nats).</summary>
    public double Fall { get; private set; }

    /// <summary>The direction of the followed trace.</summary>
    public TrendDirection Direction => TrendDirections.Of(Fall, StepCount);

    /// <summary>Takes an event of this prompt.</summary>
    public void Apply(in RolloutEvent happened)
    {
        if (happened.Ordinal < Ordinal)
            return;
        if (happened.Ordinal > Ordinal)
            Open(happened.Ordinal);

        (PolicyVersion, UpdatedAt) = (happened.PolicyVersion, happened.At);
        switch (happened.Kind)
        {
            case RolloutEventKind.GroupOpened:
                Live = true;
                break;
            case RolloutEventKind.StepSampled when happened.Step >= 0 && SlotOf(happened.Slot) is { } trace:
                Live = true;
                Silo = SiloOf(happened.Text);
                trace.Set(happened.Step, happened.Value, happened.Trend);
                Follow(happened.Slot, trace);
                break;
            case RolloutEventKind.TraceEnded when SlotOf(happened.Slot) is { } trace:
                trace.End(happened.Value, happened.Trend);
                Length = _slots.Values.Where(slot => slot.Ended).Average(slot => slot.Tokens);
                break;
            case RolloutEventKind.GroupSealed:
                (Accuracy, Live) = (happened.Value, false);
                Count(happened.Ordinal, happened.Value);
                ForgetSiblings();
                break;
        }
    }

    /// <summary>
    /// Takes in a round of the run's history. One that is newer than what the feed told makes the cell a sealed one; of another, only what the
    /// feed did not tell is taken.
    /// </summary>
    /// <returns>Whether anything has changed.</returns>
    public bool Seed(RunRound round)
    {
        var (isNewer, changed) = (round.Ordinal > Ordinal, false);
        Count(round.Ordinal, round.Accuracy);
        if (isNewer)
        {
            Open(round.Ordinal);
            (PolicyVersion, Live) = (round.PolicyVersion, false);
        }

        if (isNewer || double.IsNaN(Accuracy))
            (Accuracy, changed) = (round.Accuracy, true);
        if ((isNewer || Length == 0) && double.IsFinite(round.Length))
            (Length, changed) = (round.Length, true);
        if ((isNewer || _followed is null) && round.Slot >= 0)
        {
            _followed = SlotTrace.Of(round);
            // A group that is being drawn begins with its own first step.
            (_followedSlot, changed) = (isNewer ? round.Slot : Never, true);
            Fall = TrendDirections.FallOf(_followed.Steps);
        }

        return isNewer || changed;
    }

    /// <summary>Notes when an event of it happened; of those of some frames the newest are kept.</summary>
    public void Note(long version, DateTimeOffset at) => _newest[_noted++ & (NewestEvents.Most - 1)] = (version, at);

    /// <summary>Tells when events happened that are not in a frame of the wall's <paramref name="version"/>.</summary>
    public void AfterVersion(long version, Action<DateTimeOffset> tell)
    {
        for (var i = 0; i < Math.Min(_noted, NewestEvents.Most); i++)
        {
            if (_newest[i].Version > version)
                tell(_newest[i].At);
        }
    }

    /// <summary>Takes in what its group's grain tells, where events were missed: steps that this server does not have.</summary>
    public void Heal(GroupView? view)
    {
        IsDoubtful = false;
        if (view?.Ordinal != Ordinal)
            return;
        foreach (var trace in view.Traces.Where(trace => trace.StepEntropies.Count > 0))
        {
            if (SlotOf(trace.Slot) is { } slot && slot.Restore(trace.StepEntropies, trace.Trend, trace.Ended, trace.TokenEntropies.Count))
                Follow(trace.Slot, slot);
        }

        Live = view.Phase == GroupPhase.Rolling;
        if (view.Phase is not (GroupPhase.Sealed or GroupPhase.Consumed))
            return;
        Accuracy = view.Traces.Count == 0 ? double.NaN : view.Traces.Average(trace => trace.Verdict == 1 ? 1.0 : 0.0);
        Count(Ordinal, Accuracy);
        ForgetSiblings();
    }

    /// <summary>
    /// Takes in what the prompt's grain tells: its category, its data set, the rounds that this server did not see; null where it did not answer.
    /// </summary>
    public void LookUp(PromptView? view)
    {
        _lookUps++;
        if (view is null)
            return;
        Category = view.Category;
        DataSet = view.Id.LastIndexOf('/') is > 0 and var end ? view.Id[..Math.Min(end, LongestName)] : "";
        foreach (var round in view.History)
            Count(round.Ordinal, round.Accuracy);
    }

    private void Count(long ordinal, double accuracy)
    {
        if (ordinal <= _lastRound || !double.IsFinite(accuracy))
            return;
        _lastRound = ordinal;
        _sumOfAccuracies += accuracy;
        _rounds++;
    }

    private static string SiloOf(string sampler) => sampler.LastIndexOf('/') is > 0 and var end ? sampler[..end] : sampler;

    // Of a sealed group only the trace that is shown is of use.
    private void ForgetSiblings()
    {
        foreach (var slot in _slots.Keys.Where(slot => slot != _followedSlot).ToArray())
            _slots.Remove(slot);
        _slots.TrimExcess();
    }

    private void Open(long ordinal)
    {
        Ordinal = ordinal;
        _slots.Clear();
        // The last trace stays to be seen until the new group's first step.
        _followedSlot = Never;
    }

    private SlotTrace? SlotOf(int slot)
    {
        if (_slots.TryGetValue(slot, out var trace))
            return trace;
        if (slot < 0 || _slots.Count >= MostSlots)
            return null;
        return _slots[slot] = new SlotTrace();
    }

    /// <summary>One trace is followed to its end, or eyes would have to jump between siblings at every step.</summary>
    private void Follow(int slot, SlotTrace trace)
    {
        if (_followedSlot == Never || _followed is null or { Ended: true })
            (_followedSlot, _followed) = (slot, trace);
        if (slot == _followedSlot)
            Fall = TrendDirections.FallOf(_followed.Steps);
    }

    [InlineArray(Most)]
    private struct NewestEvents
    {
        public const int Most = 4;

        private (long Version, DateTimeOffset At) _first;
    }
}
