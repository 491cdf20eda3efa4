using System.Runtime.InteropServices;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Wall;

/// <summary>The step entropies of one trace as they come in, the newest <see cref="Most"/> of them.</summary>
internal sealed class SlotTrace
{
    /// <summary>Steps kept.</summary>
    public const int Most = 512;

    private readonly List<double> _steps = [];
    private int _forgotten;

    /// <summary>Steps so far, those no longer kept included.</summary>
    public int Count => _forgotten + _steps.Count;

    /// <summary>Entropies (nats) of the kept steps.</summary>
    public ReadOnlySpan<double> Steps => CollectionsMarshal.AsSpan(_steps);

    /// <summary>Rises where steps that were told before were taken back.</summary>
    public int Revision { get; private set; }

    /// <summary>Whether the trace has ended.</summary>
    public bool Ended { get; private set; }

    /// <summary>The trend R (nats) so far.</summary>
    public double Trend { get; private set; }

    /// <summary>Tokens, once it has ended.</summary>
    public double Tokens { get; private set; }

    /// <summary>A trace that ended some time ago, as the run's history has it.</summary>
    public static SlotTrace Of(RunRound round)
    {
        var trace = new SlotTrace { _forgotten = Math.Max(0, round.ReasoningSteps - Math.Min(round.StepEntropies.Length, Most)) };
        trace._steps.AddRange(round.StepEntropies.AsSpan(Math.Max(0, round.StepEntropies.Length - Most)));
        trace.End(0, round.TraceTrend);
        return trace;
    }

    /// <summary>
    /// Takes a step. A trace drawn again after its sampler was lost reports steps anew: what followed them is forgotten.
    /// Steps that were missed on the way take the value of the next one known.
    /// </summary>
    public void Set(int step, double entropy, double trend)
    {
        var at = step - _forgotten;
        if (at < 0 || at > _steps.Count + Most)
        {
            _steps.Clear();
            (_forgotten, at) = (step, 0);
            Revision++;
        }
        else if (at < _steps.Count)
        {
            _steps.RemoveRange(at, _steps.Count - at);
            Revision++;
        }

        while (_steps.Count <= at)
            _steps.Add(entropy);
        if (_steps.Count > Most)
        {
            var excess = _steps.Count - Most;
            _steps.RemoveRange(0, excess);
            _forgotten += excess;
        }

        (Trend, Ended) = (trend, false);
    }

    /// <summary>Takes all steps of a trace of which some may have been missed; false where it knows as many or more.</summary>
    public bool Restore(IReadOnlyList<double> entropies, double trend, bool ended, int tokens)
    {
        if (Ended || (entropies.Count <= Count && !ended))
            return false;
        _steps.Clear();
        _forgotten = Math.Max(0, entropies.Count - Most);
        _steps.AddRange(entropies.Skip(_forgotten));
        (Trend, Ended, Tokens) = (trend, ended, ended ? tokens : Tokens);
        Revision++;
        return true;
    }

    /// <summary>Ends the trace.</summary>
    public void End(double tokens, double trend) => (Ended, Tokens, Trend) = (true, tokens, trend);
}
