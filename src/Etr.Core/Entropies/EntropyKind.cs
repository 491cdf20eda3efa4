namespace Etr.Core.Entropies;

/// <summary>What "the entropy of a token" means to a preset.</summary>
public enum EntropyKind
{
    /// <summary>Entropy of the whole next-token distribution, in nats.</summary>
    FullVocabulary,

    /// <summary>−Σ p ln p over five entries divided by ln 5, not renormalised: a share of five, not nats.</summary>
    TopFive,
}
