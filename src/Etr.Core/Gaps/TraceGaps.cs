using Etr.Core.Training;

namespace Etr.Core.Gaps;

/// <summary>By how much sampler and learner differ on each drawn token of a trace.</summary>
/// <param name="Ordinal">Ordinal of its group.</param>
/// <param name="Slot">Its place in the group, from 0.</param>
/// <param name="UpdatesBefore">As in <see cref="LearnerTrace"/>.</param>
/// <param name="Values">
/// log p(sampler) − log p(learner) of each drawn token (nats), rounded to 11 significant bits: off by at most 2⁻¹¹ of itself, and
/// below 6.1e-5 nats by at most 3e-8, which is finer than what two single-precision log-probabilities differ by for no reason.
/// </param>
public sealed record TraceGaps(long Ordinal, int Slot, int UpdatesBefore, IReadOnlyList<Half> Values)
{
    /// <summary>The gaps of a trace; null where one is too large to be told (65,520 nats and more), or its lengths differ.</summary>
    /// <param name="learner">What the learner made of it.</param>
    /// <param name="sampler">The sampler's log-probabilities (nats).</param>
    public static TraceGaps? Of(LearnerTrace learner, IReadOnlyList<float> sampler)
    {
        ArgumentNullException.ThrowIfNull(learner);
        ArgumentNullException.ThrowIfNull(sampler);
        if (learner.LogProbs.Count != sampler.Count)
            return null;
        var values = new Half[sampler.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (Half)((double)sampler[i] - learner.LogProbs[i]);
            if (!Half.IsFinite(values[i]))
                return null;
        }

        return new TraceGaps(learner.Ordinal, learner.Slot, learner.UpdatesBefore, values);
    }

    /// <summary>The learner's log-probabilities (nats), as far as the gaps tell them.</summary>
    /// <param name="sampler">The sampler's (nats), as many as there are gaps.</param>
    public float[] LearnerLogProbs(IReadOnlyList<float> sampler)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        return [.. sampler.Zip(Values, (value, gap) => (float)((double)value - (double)gap))];
    }
}
