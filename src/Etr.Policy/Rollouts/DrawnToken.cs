namespace Etr.Policy.Rollouts;

/// <summary>A token drawn for one row, with what is recorded about it.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProb">ln p of it, nats, untruncated, at the sampling temperature.</param>
/// <param name="Entropy">Entropy of the full-vocabulary distribution, nats.</param>
/// <param name="TopFiveEntropy">The released code's entropy over five entries, a share of ln 5.</param>
/// <param name="ArgMax">The most probable token.</param>
internal readonly record struct DrawnToken(int Id, float LogProb, float Entropy, float TopFiveEntropy, int ArgMax);
