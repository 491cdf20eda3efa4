namespace Etr.Policy.Training.Corrections;

/// <summary>How a step makes up for what the sampler's policy π_s and the learner's at the start of the step, π_p, differ by.</summary>
public enum CorrectionKind
{
    /// <summary>Not at all: ρ = π_θ/π_s.</summary>
    None,

    /// <summary>Truncated importance sampling by token: ρ = π_θ/π_p, each token's loss times min(π_p/π_s, 2).</summary>
    TokenTruncated,

    /// <summary>Masked importance sampling by trace: ρ = π_θ/π_p, each trace's loss times Π π_p/π_s where that is at most 3, else 0.</summary>
    SequenceMasked,
}
