namespace Etr.Core.Rollouts;

/// <summary>One token of a trace, with what the sampler knew when it drew it.</summary>
/// <param name="Id">The token's id in the policy's vocabulary.</param>
/// <param name="Text">The text this token added; empty for a special token or an unfinished UTF-8 sequence.</param>
/// <param name="LogProb">Log-probability (nats, ≤ 0) under the untruncated distribution at the sampling temperature.</param>
/// <param name="Entropy">Entropy (nats, ≥ 0) of that full-vocabulary distribution.</param>
/// <param name="TopFiveEntropy">The released code's entropy over five entries, divided by ln 5 (no unit, 0 to about 1).</param>
/// <param name="ArgMaxBreaks">Whether the most probable token's text held a blank line ("\n\n"), sampled or not.</param>
/// <param name="PolicyVersion">The policy version whose weights drew the token.</param>
public readonly record struct SampledToken(
    int Id,
    string Text,
    float LogProb,
    float Entropy,
    float TopFiveEntropy,
    bool ArgMaxBreaks,
    long PolicyVersion)
{
    /// <summary>The most probable tokens, falling, at most five; null unless the request asked for them. Never stored or sent with a trace.</summary>
    public IReadOnlyList<RankedToken>? Ranks { get; init; }
}

/// <summary>One of the most probable tokens.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="LogProb">Its log-probability (nats, ≤ 0), as <see cref="SampledToken.LogProb"/>.</param>
public readonly record struct RankedToken(int Id, float LogProb);
