using Etr.Core.Trends;
using Etr.Grains.Groups;

namespace Etr.Dashboard.Prompts;

/// <summary>One reasoning step of a trace.</summary>
/// <param name="Index">From 0.</param>
/// <param name="FirstToken">Its first token.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Entropy">H_t (nats); NaN while the step is open.</param>
/// <param name="Drop">Δ_t (nats); NaN for the first step.</param>
/// <param name="Momentum">S_t (nats).</param>
/// <param name="Trend">R up to here (nats).</param>
internal sealed record TraceStep(int Index, int FirstToken, int Tokens, double Entropy, double Drop, double Momentum, double Trend)
{
    /// <summary>The steps of a trace, with what the trend makes of each.</summary>
    public static IReadOnlyList<TraceStep> Of(TraceView trace, TrendOptions constants)
    {
        var tokens = Math.Min(trace.TokenTexts.Count, trace.TokenSteps.Count);
        var steps = new List<TraceStep>();
        var trend = new TrendAccumulator(constants);
        for (var at = 0; at < tokens || steps.Count < trace.StepEntropies.Count;)
        {
            var first = at;
            while (at < tokens && trace.TokenSteps[at] <= steps.Count)
                at++;

            var entropy = steps.Count < trace.StepEntropies.Count ? trace.StepEntropies[steps.Count] : double.NaN;
            var before = trend.Value;
            if (double.IsFinite(entropy))
                trend.Add(entropy);
            // S_t is what the step added to R.
            var drop = steps.Count > 0 ? steps[^1].Entropy - entropy : double.NaN;
            steps.Add(new TraceStep(steps.Count, first, at - first, entropy, drop, trend.Value - before, trend.Value));
        }

        return steps;
    }
}
