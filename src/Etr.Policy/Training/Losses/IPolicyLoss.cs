namespace Etr.Policy.Training.Losses;

/// <summary>A policy loss: what each token of a micro-batch costs, before aggregation.</summary>
/// <remarks>It holds no state and may be shared. Sequences of a micro-batch are whole.</remarks>
public interface IPolicyLoss
{
    /// <summary>What configuration and reports call it.</summary>
    string Name { get; }

    /// <summary>What it takes where the configuration leaves a blank.</summary>
    LossDefaults Defaults { get; }

    /// <summary>The loss of each token.</summary>
    /// <param name="tokens">The tokens, with the gradient's log-probabilities.</param>
    /// <param name="clip">The clip range; without effect on a loss that has none.</param>
    TokenLosses PerToken(PolicyTokens tokens, ClipRange clip);
}
