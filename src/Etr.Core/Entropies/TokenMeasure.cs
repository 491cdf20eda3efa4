namespace Etr.Core.Entropies;

/// <summary>What is recorded about one drawn token.</summary>
/// <param name="LogProbability">ln p of the token, in nats, at most 0.</param>
/// <param name="Entropy">Entropy of the distribution it was drawn from, in nats, 0 to ln V for V tokens.</param>
public readonly record struct TokenMeasure(double LogProbability, double Entropy);
