using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>
/// Loss aggregation. Every mode is a weighted sum whose weights depend on the mask alone, so a step's weights are known before
/// its first forward pass and its micro-batches can be summed up one by one, however they are cut.
/// </summary>
public static class LossAggregation
{
    /// <summary>Reads a mode's name: <c>token-mean</c>, <c>seq-mean-token-mean</c>, <c>seq-mean-token-sum</c> or <c>constant</c>.</summary>
    /// <exception cref="ArgumentException">The name is none of them.</exception>
    public static AggregationMode Parse(string name) => name switch
    {
        "token-mean" => AggregationMode.TokenMean,
        "seq-mean-token-mean" => AggregationMode.SequenceMeanTokenMean,
        "seq-mean-token-sum" => AggregationMode.SequenceMeanTokenSum,
        "constant" => AggregationMode.Constant,
        _ => throw new ArgumentException(
            $"aggregation '{name}' is none of token-mean, seq-mean-token-mean, seq-mean-token-sum, constant", nameof(name)),
    };

    /// <summary>The weight of each token of each trace of a step.</summary>
    /// <param name="counts">Tokens of each trace that count; 0 for a masked trace.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="constant">Tokens a trace by which <see cref="AggregationMode.Constant"/> divides, at least 1; unused by the others.</param>
    /// <returns>One weight a trace. A trace without tokens is in no sequence mean; <see cref="AggregationMode.Constant"/> counts it.</returns>
    public static double[] Weights(IReadOnlyList<int> counts, AggregationMode mode, int constant = 1)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(constant, 1);
        double tokens = 0.0;
        int traces = 0;
        foreach (int count in counts)
        {
            tokens += count;
            traces += count > 0 ? 1 : 0;
        }

        double[] weights = new double[counts.Count];
        for (int i = 0; i < weights.Length; i++)
        {
            if (counts[i] == 0)
                continue;
            weights[i] = mode switch
            {
                AggregationMode.TokenMean => 1.0 / tokens,
                AggregationMode.SequenceMeanTokenMean => 1.0 / ((double)traces * counts[i]),
                AggregationMode.SequenceMeanTokenSum => 1.0 / traces,
                AggregationMode.Constant => 1.0 / ((double)counts.Count * constant),
                _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "no such mode"),
            };
        }

        return weights;
    }

    /// <summary>The weighted sum Σ loss · weight.</summary>
    /// <param name="losses">Token losses, any shape.</param>
    /// <param name="weights">Token weights, the same shape; 0 where a token does not count.</param>
    /// <returns>A scalar.</returns>
    public static torch.Tensor Sum(torch.Tensor losses, torch.Tensor weights)
    {
        ArgumentNullException.ThrowIfNull(losses);
        ArgumentNullException.ThrowIfNull(weights);
        return losses.mul(weights).sum();
    }

    /// <summary>Aggregates a whole step at once, from a rectangle of losses and its mask.</summary>
    /// <param name="losses">[traces, tokens].</param>
    /// <param name="mask">[traces, tokens], 1 where a token counts and 0 where not.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="constant">As in <see cref="Weights"/>.</param>
    /// <returns>A scalar of the losses' type.</returns>
    public static torch.Tensor Aggregate(torch.Tensor losses, torch.Tensor mask, AggregationMode mode, int constant = 1)
    {
        ArgumentNullException.ThrowIfNull(losses);
        ArgumentNullException.ThrowIfNull(mask);
        using torch.Tensor sums = mask.to(torch.ScalarType.Int32).sum(1, type: torch.ScalarType.Int32).cpu();
        double[] weights = Weights(sums.data<int>().ToArray(), mode, constant);
        using torch.Tensor column = torch.tensor(weights, dtype: losses.dtype, device: losses.device).unsqueeze(1);
        using torch.Tensor spread = column.mul(mask.to(losses.dtype));
        return Sum(losses, spread);
    }
}
