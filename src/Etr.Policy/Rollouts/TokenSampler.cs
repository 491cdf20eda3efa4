using Etr.Core.Entropies;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>
/// Draws a token for every row of logits at once, on the logits' device, and brings everything that is recorded back in one
/// transfer. A token is drawn by inverting the cumulative distribution, in the order of ids, at the row's uniform number, so
/// that a row's draw depends on nothing but its own logits and number.
/// </summary>
internal static class TokenSampler
{
    // Of each row's packed figures: drawn id, its log-probability, entropy; then top log-probabilities and their ids.
    private const int Fixed = 3;

    /// <summary>Draws one token a row.</summary>
    /// <param name="logits">[rows, vocabulary]; not modified.</param>
    /// <param name="requests">One a row.</param>
    /// <param name="drawn">Receives one token a row.</param>
    /// <exception cref="NotFiniteNumberException">A row's logits hold NaN or infinity.</exception>
    public static void Draw(torch.Tensor logits, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        using IDisposable guard = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        int rows = requests.Length;
        int top = (int)Math.Min(TokenEntropy.TopCount, logits.shape[1]);

        torch.Tensor logProbs = torch.nn.functional.log_softmax(Scaled(logits, requests), 1);
        torch.Tensor probs = logProbs.exp();
        torch.Tensor entropies = (probs * logProbs).sum(1, keepdim: true).neg_();
        (torch.Tensor topLogProbs, torch.Tensor topIds) = logProbs.topk(top, 1);
        torch.Tensor picks = Pick(Truncated(probs, requests), requests);
        torch.Tensor pickLogProbs = logProbs.gather(1, picks);

        torch.Tensor packed = torch.cat(
            [picks.to(torch.float64), pickLogProbs.to(torch.float64), entropies.to(torch.float64), topLogProbs.to(torch.float64), topIds.to(torch.float64)], 1).cpu();
        ReadOnlySpan<double> figures = SpanOf(packed, rows * (Fixed + 2 * top));
        for (int row = 0; row < rows; row++)
        {
            drawn[row] = Unpack(figures.Slice(row * (Fixed + 2 * top), Fixed + 2 * top), top, requests[row]);
        }
    }

    private static ReadOnlySpan<double> SpanOf(torch.Tensor packed, int length)
    {
        ReadOnlySpan<double> span = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(packed.bytes);
        return span[..length];
    }

    private static torch.Tensor Scaled(torch.Tensor logits, ReadOnlySpan<DrawRequest> requests)
    {
        double first = Temperature(requests[0]);
        foreach (DrawRequest request in requests)
        {
            if (Temperature(request) != first)
            {
                float[] inverse = new float[requests.Length];
                for (int row = 0; row < inverse.Length; row++)
                {
                    inverse[row] = (float)(1 / Temperature(requests[row]));
                }

                return logits * torch.tensor(inverse, device: logits.device).unsqueeze(1);
            }
        }

        return first == 1 ? logits : logits.Times((float)(1 / first));
    }

    // Greedy picks are recorded as at temperature 1.
    private static double Temperature(DrawRequest request) => request.IsGreedy ? 1 : request.Sampling.Temperature;

    // Top-k, then top-p: a token is kept while those more probable hold less than the nucleus mass. Ties go to the lower id.
    private static torch.Tensor Truncated(torch.Tensor probs, ReadOnlySpan<DrawRequest> requests)
    {
        bool any = false;
        foreach (DrawRequest request in requests)
        {
            any |= request.IsTruncated;
        }

        if (!any)
        {
            return probs;
        }

        long vocabulary = probs.shape[1];
        long[] ranks = new long[requests.Length];
        double[] masses = new double[requests.Length];
        for (int row = 0; row < ranks.Length; row++)
        {
            ranks[row] = requests[row].Sampling.TopK is int k and > 0 ? k : vocabulary;
            // An untruncated row keeps all, whatever rounding makes of its sum.
            masses[row] = requests[row].Sampling.TopP is double p and < 1 ? p : double.PositiveInfinity;
        }

        (torch.Tensor sorted, torch.Tensor order) = torch.sort(probs.to(torch.float64), 1, descending: true, stable: true);
        torch.Tensor before = sorted.cumsum(1) - sorted;
        torch.Tensor kept = before.lt(torch.tensor(masses, device: probs.device).unsqueeze(1))
            .logical_and(TensorArithmetic.Count(vocabulary, torch.int64, probs.device).unsqueeze(0).lt(torch.tensor(ranks, device: probs.device).unsqueeze(1)));
        torch.Tensor mask = torch.zeros_like(probs).scatter_(1, order, kept.to(probs.dtype));
        return probs * mask;
    }

    private static torch.Tensor Pick(torch.Tensor weights, ReadOnlySpan<DrawRequest> requests)
    {
        double[] uniforms = new double[requests.Length];
        for (int row = 0; row < uniforms.Length; row++)
        {
            uniforms[row] = requests[row].Uniform;
        }

        // The first id whose cumulative weight exceeds the number; ids of no weight are stepped over.
        torch.Tensor cumulative = weights.to(torch.float64).cumsum(1);
        torch.Tensor at = torch.tensor(uniforms, device: weights.device).unsqueeze(1) * cumulative.narrow(1, weights.shape[1] - 1, 1);
        return cumulative.le(at).sum(1, keepdim: true).LimitInPlace(weights.shape[1] - 1);
    }

    private static DrawnToken Unpack(ReadOnlySpan<double> figures, int top, DrawRequest request) => DrawnToken.From(
        (int)figures[0], figures[1], figures[2], figures.Slice(Fixed, top), figures.Slice(Fixed + top, top), request);
}
