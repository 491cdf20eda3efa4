using Etr.Policy.Runtime;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Training.Passes;

/// <summary>
/// Token scores without ever holding the vocabulary for more than a chunk of tokens. The backward pass makes each chunk's logits
/// once more, which costs a third of the head's arithmetic, and has its gradient in closed form.
/// </summary>
internal static class ChunkedScores
{
    /// <summary>As <see cref="TokenScores.Of"/>, a chunk of rows after the other and without a graph.</summary>
    /// <param name="hidden">[tokens, hidden].</param>
    /// <param name="head">[vocabulary, hidden], divided by the temperature.</param>
    /// <param name="targets">Ids, int64, [tokens].</param>
    /// <param name="rows">Tokens of a chunk, at least 1.</param>
    public static TokenScores Forward(torch.Tensor hidden, torch.Tensor head, torch.Tensor targets, long rows)
    {
        using IDisposable noGradient = torch.no_grad();
        // Made before the first chunk: a small tensor kept from between large ones would keep the allocator from using their place again.
        torch.Tensor logProbs = torch.empty(hidden.shape[0], dtype: hidden.dtype, device: hidden.device);
        torch.Tensor entropies = torch.empty_like(logProbs);
        foreach ((long start, long count) in Chunks(hidden.shape[0], rows))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            TokenScores scores = TokenScores.Of(hidden.narrow(0, start, count), head, targets.narrow(0, start, count), entropyPulls: false);
            logProbs.narrow(0, start, count).copy_(scores.LogProbs);
            entropies.narrow(0, start, count).copy_(scores.Entropy);
        }

        return new TokenScores(logProbs, entropies);
    }

    /// <summary>The gradient of the scores: adds the head's to its own, returns that of the hidden states.</summary>
    /// <param name="hidden">As in <see cref="Forward"/>.</param>
    /// <param name="head">As in <see cref="Forward"/>.</param>
    /// <param name="headGradient">Receives the head's gradient in addition to what it holds, [vocabulary, hidden]; null where the head stands still.</param>
    /// <param name="targets">As in <see cref="Forward"/>.</param>
    /// <param name="gradient">Gradients of the log-probabilities and, where not null, of the entropies, [tokens] each.</param>
    /// <param name="rows">As in <see cref="Forward"/>.</param>
    /// <returns>[tokens, hidden].</returns>
    public static torch.Tensor Backward(
        torch.Tensor hidden, torch.Tensor head, torch.Tensor? headGradient, torch.Tensor targets,
        (torch.Tensor LogProbs, torch.Tensor? Entropy) gradient, long rows)
    {
        using IDisposable noGradient = torch.no_grad();
        torch.Tensor result = torch.empty_like(hidden);
        foreach ((long start, long count) in Chunks(hidden.shape[0], rows))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor part = hidden.narrow(0, start, count);
            torch.Tensor logProbs = functional.linear(part, head).log_softmax(-1);
            torch.Tensor probabilities = logProbs.exp();
            torch.Tensor ofLogProbs = gradient.LogProbs.narrow(0, start, count).unsqueeze(-1);
            // d log p(target) = onehot − p; dH = −p·(log p + H).
            torch.Tensor logits = probabilities.mul(ofLogProbs).neg_();
            logits.scatter_add_(1, targets.narrow(0, start, count).unsqueeze(-1), ofLogProbs);
            if (gradient.Entropy is not null)
            {
                torch.Tensor entropy = probabilities.mul(logProbs).sum(-1, keepdim: true).neg_();
                logits.sub_(logProbs.AddInPlace(entropy).mul_(probabilities).mul_(gradient.Entropy.narrow(0, start, count).unsqueeze(-1)));
            }

            result.narrow(0, start, count).copy_(logits.matmul(head));
            headGradient?.addmm_(logits.t(), part, 1, 1);
        }

        return result;
    }

    private static IEnumerable<(long Start, long Count)> Chunks(long tokens, long rows)
    {
        for (long start = 0; start < tokens; start += rows)
            yield return (start, Math.Min(rows, tokens - start));
    }
}
