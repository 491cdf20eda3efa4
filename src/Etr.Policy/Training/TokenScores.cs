using TorchSharp;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Training;

/// <summary>What a loss needs of each token's distribution: the log-probability of the token drawn, and the entropy.</summary>
/// <param name="LogProbs">nats, [tokens].</param>
/// <param name="Entropy">nats, [tokens].</param>
internal readonly record struct TokenScores(torch.Tensor LogProbs, torch.Tensor Entropy)
{
    /// <summary>Scores tokens by their hidden states.</summary>
    /// <param name="hidden">[tokens, hidden].</param>
    /// <param name="head">[vocabulary, hidden].</param>
    /// <param name="targets">Ids, int64, [tokens].</param>
    /// <param name="temperature">The sampling temperature; 0 is read as 1.</param>
    /// <param name="entropyPulls">Whether the entropy carries a gradient.</param>
    public static TokenScores Of(torch.Tensor hidden, torch.Tensor head, torch.Tensor targets, double temperature, bool entropyPulls)
    {
        torch.Tensor distribution = TokenDistribution.LogProbs(functional.linear(hidden, head), temperature);
        torch.Tensor logProbs = TokenDistribution.Pick(distribution, targets);
        return new TokenScores(logProbs, TokenDistribution.Entropy(entropyPulls ? distribution : distribution.detach()));
    }
}
