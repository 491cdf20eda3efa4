namespace Etr.Policy.Training;

/// <summary>An estimator of KL(π_θ ‖ π_ref) from one drawn token (J. Schulman, "Approximating KL Divergence", 2020).</summary>
public enum KlEstimator
{
    /// <summary>−d: unbiased, of either sign.</summary>
    K1,

    /// <summary>d²/2: never negative, biased, little variance.</summary>
    K2,

    /// <summary>e^d − d − 1: never negative and unbiased.</summary>
    K3,
}
