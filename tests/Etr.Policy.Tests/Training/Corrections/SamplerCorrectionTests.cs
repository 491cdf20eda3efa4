using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Policy.Tests.Training.Corrections;

public sealed class SamplerCorrectionTests
{
    // Two traces of two tokens; π_p/π_s = 1.5, 1.9 (product 2.85) and 4, 0.8 (3.2).
    private static readonly double[] Ratios = [1.5, 1.9, 4.0, 0.8];

    [Fact]
    public void Tokens_are_held_to_a_weight_of_two()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        CorrectionWeights weights = Of(CorrectionKind.TokenTruncated)!;
        AssertClose([1.5, 1.9, 2.0, 0.8], weights.Weights);
        Assert.Equal([false, false, true, false], weights.Cut.data<bool>().ToArray());
    }

    [Fact]
    public void Traces_weigh_their_product_and_past_three_nothing()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        CorrectionWeights weights = Of(CorrectionKind.SequenceMasked)!;
        AssertClose([2.85, 2.85, 0.0, 0.0], weights.Weights);
        Assert.Equal([false, false, true, true], weights.Cut.data<bool>().ToArray());
    }

    [Fact]
    public void None_has_no_weights() => Assert.Null(Of(CorrectionKind.None));

    [Fact]
    public void A_product_over_a_long_trace_neither_overflows_nor_loses_its_digits()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        const int tokens = 100_000;
        TraceRows row = new(torch.zeros(tokens, torch.int64), torch.full(1, (float)tokens));
        torch.Tensor sampler = torch.full(tokens, -1f);
        CorrectionWeights far = SamplerCorrection.Of(CorrectionKind.SequenceMasked, torch.full(tokens, -0.5f), sampler, row)!;
        Assert.Equal(0f, far.Weights.max().item<float>());
        torch.Tensor near = torch.full(tokens, -1f + MathF.Pow(2, -20));
        CorrectionWeights close = SamplerCorrection.Of(CorrectionKind.SequenceMasked, near, sampler, row)!;
        Assert.Equal(Math.Exp(tokens * Math.Pow(2, -20)), close.Weights[0].item<float>(), 1e-6);
    }

    [Fact]
    public void An_unknown_name_is_refused() =>
        Assert.Contains("none of none, token-tis", Assert.Throws<ArgumentException>(() => SamplerCorrection.Parse("tis")).Message, StringComparison.Ordinal);

    private static CorrectionWeights? Of(CorrectionKind kind)
    {
        torch.Tensor start = torch.tensor([.. Ratios.Select(ratio => Math.Log(ratio) - 3.0)], torch.float64);
        TraceRows rows = new(torch.arange(4, torch.int64).div(2, torch.RoundingMode.floor), torch.full(2, 2.0, dtype: torch.float64));
        return SamplerCorrection.Of(kind, start, torch.full(4, -3.0, dtype: torch.float64), rows);
    }

    private static void AssertClose(double[] expected, torch.Tensor actual)
    {
        double[] values = actual.data<double>().ToArray();
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], values[i], 12);
    }
}
