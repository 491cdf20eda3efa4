using Etr.Core.Rewards;

namespace Etr.Core.Probing;

/// <summary>
/// A question that needs no training: what if this trace had said one thing more? One reasoning step is inserted, as confident as
/// the most confident one the trace has and as long as its mean step; everything else stays.
/// </summary>
internal static class InsertedStep
{
    /// <summary>The trace with one more step before each of its steps but the first, a trace a place; none for a trace of one step.</summary>
    public static IEnumerable<GradedTrace> Of(GradedTrace trace)
    {
        double[] steps = trace.StepEntropies.ToArray();
        int tokens = Math.Max(1, trace.TokenCount / Math.Max(1, steps.Length));
        for (int place = 1; place < steps.Length; place++)
        {
            double[] more = Inserted(steps, place);
            yield return trace with
            {
                StepEntropies = more,
                ReferenceStepEntropies = InsertedReference(trace.ReferenceStepEntropies.ToArray(), place),
                TokenCount = trace.TokenCount + tokens,
                ThinkEntropy = (trace.ThinkEntropy * trace.TokenCount + steps.Min() * tokens) / (trace.TokenCount + tokens),
            };
        }
    }

    // The released code's steps are cut by another rule; where it has fewer, the step goes to the end.
    private static double[] InsertedReference(double[] steps, int place) => steps.Length < 2 ? steps : Inserted(steps, Math.Min(place, steps.Length));

    private static double[] Inserted(double[] steps, int place) => [.. steps[..place], steps.Min(), .. steps[place..]];
}
