using TorchSharp;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Training.Passes;

/// <summary>What a loss needs of each token's distribution: the log-probability of the token drawn, and the entropy.</summary>
/// <param name="LogProbs">nats, [tokens].</param>
/// <param name="Entropy">nats, [tokens].</param>
internal readonly record struct TokenScores(torch.Tensor LogProbs, torch.Tensor Entropy)
{
    /// <summary>Scores tokens by their hidden states, all at once.</summary>
    /// <param name="hidden">[tokens, hidden].</param>
    /// <param name="head">[vocabulary, hidden], divided by the temperature.</param>
    /// <param name="targets">Ids, int64, [tokens].</param>
    /// <param name="entropyPulls">Whether the entropy carries a gradient.</param>
    public static TokenScores Of(torch.Tensor hidden, torch.Tensor head, torch.Tensor targets, bool entropyPulls)
    {
        torch.Tensor distribution = functional.linear(hidden, head).log_softmax(-1);
        torch.Tensor logProbs = TokenDistribution.Pick(distribution, targets);
        if (entropyPulls)
            return new TokenScores(logProbs, TokenDistribution.Entropy(distribution));
        using IDisposable noGradient = torch.no_grad();
        return new TokenScores(logProbs, TokenDistribution.Entropy(distribution));
    }
}
