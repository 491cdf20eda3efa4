using Etr.Policy.Training;
using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class LossTests
{
    [Theory]
    // inside the range: −ρA
    [InlineData(1.1, 2.0, 0.2, 3.0, -2.2)]
    // A > 0 and ρ above: clipped at 1.2, at 1.28 for dapo
    [InlineData(1.5, 2.0, 0.2, 3.0, -2.4)]
    [InlineData(1.5, 2.0, 0.28, 3.0, -2.56)]
    // A > 0 and ρ below: the pessimistic bound keeps −ρA
    [InlineData(0.5, 2.0, 0.2, 3.0, -1.0)]
    // A < 0 and ρ below: clipped at 0.8
    [InlineData(0.5, -2.0, 0.2, 3.0, 1.6)]
    // A < 0 and ρ above: −ρA, until the dual clip holds it at −cA
    [InlineData(2.5, -2.0, 0.2, 3.0, 5.0)]
    [InlineData(4.0, -2.0, 0.2, 3.0, 6.0)]
    [InlineData(4.0, -2.0, 0.2, 0.0, 8.0)]
    public void Clipped_loss_is_the_pessimistic_bound(double ratio, double advantage, double high, double dual, double expected)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor loss = ClippedPolicyLoss.PerToken(Double(ratio), Double(advantage), new ClipRange(0.2, high, dual));
        Assert.Equal(expected, loss.item<double>(), 12);
    }

    [Fact]
    public void A_clipped_token_pulls_no_more()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // ratios e^0.5 and e^-0.5 are past both clips, e^2 past the dual clip; ρ = 1 pulls with −A.
        torch.Tensor logProbs = Double(0.5, -0.5, 2.0, 0.0).requires_grad_();
        torch.Tensor advantages = Double(1.0, -1.0, -1.0, -1.0);
        torch.Tensor ratios = ImportanceRatio.Of(logProbs, torch.zeros_like(logProbs));
        ClippedPolicyLoss.PerToken(ratios, advantages, new ClipRange(0.2, 0.2, 3.0)).sum().backward();
        Assert.Equal([0.0, 0.0, 0.0, 1.0], logProbs.grad!.data<double>().ToArray());
    }

    [Fact]
    public void Clipped_shares_count_the_tokens_that_pull_no_more()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor ratios = Double(0.7, 0.7, 1.3, 1.3, 3.5);
        torch.Tensor advantages = Double(1.0, -1.0, 1.0, -1.0, -1.0);
        ClipRange clip = new(0.2, 0.28, 3.0);
        Assert.Equal([false, true, false, false, false], ClippedPolicyLoss.ClippedLow(ratios, advantages, clip).data<bool>().ToArray());
        Assert.Equal([false, false, true, false, true], ClippedPolicyLoss.ClippedHigh(ratios, advantages, clip).data<bool>().ToArray());
    }

    [Fact]
    public void Importance_ratio_of_an_impossible_token_stays_finite()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor ratio = ImportanceRatio.Of(Double(0.0, -5000.0), Double(-5000.0, 0.0));
        Assert.Equal([Math.Exp(20.0), Math.Exp(-20.0)], ratio.data<double>().ToArray());
    }

    [Fact]
    public void Kl_of_a_distant_token_is_held_to_ten_nats_and_stops_pulling()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // d = 1 gives e − 2; d = 3 would give e³ − 4 ≈ 16.09.
        torch.Tensor logProbs = Double(-2.0, -4.0).requires_grad_();
        torch.Tensor kl = KlPenalty.PerToken(logProbs, Double(-1.0, -1.0), KlEstimator.K3);
        Assert.Equal(Math.E - 2.0, kl[0].item<double>(), 12);
        Assert.Equal(10.0, kl[1].item<double>(), 12);
        kl.sum().backward();
        // d(k3)/d(log π_θ) = 1 − e^d inside the bound.
        Assert.Equal(1.0 - Math.E, logProbs.grad![0].item<double>(), 12);
        Assert.Equal(0.0, logProbs.grad![1].item<double>());
    }

    [Fact]
    public void Kl_holds_the_log_ratio_to_twenty_nats()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor k1 = KlPenalty.PerToken(Double(-100.0, -1.0), Double(-1.0, -100.0), KlEstimator.K1);
        Assert.Equal([-20.0, 20.0], k1.data<double>().ToArray());
    }

    [Fact]
    public void Aggregation_weights_leave_masked_traces_out_of_every_mean_but_the_constant_one()
    {
        // Two traces of 3 and 1 tokens and a masked one.
        int[] counts = [3, 0, 1];
        Assert.Equal([0.25, 0.0, 0.25], LossAggregation.Weights(counts, AggregationMode.TokenMean));
        Assert.Equal([1.0 / 6.0, 0.0, 0.5], LossAggregation.Weights(counts, AggregationMode.SequenceMeanTokenMean));
        Assert.Equal([0.5, 0.0, 0.5], LossAggregation.Weights(counts, AggregationMode.SequenceMeanTokenSum));
        Assert.Equal([1.0 / 24.0, 0.0, 1.0 / 24.0], LossAggregation.Weights(counts, AggregationMode.Constant, 8));
    }

    [Fact]
    public void Entropy_of_an_even_choice_is_the_logarithm_of_its_size()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = torch.zeros(2, 8, dtype: torch.ScalarType.Float64);
        torch.Tensor entropy = TokenDistribution.Entropy(TokenDistribution.LogProbs(logits, 0.7));
        Assert.Equal(Math.Log(8.0), entropy[1].item<double>(), 12);
    }

    [Fact]
    public void Log_probs_are_taken_at_the_sampling_temperature()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // logits 1 and 0 at T = 0.5 are 2 and 0: log σ(2).
        torch.Tensor logProbs = TokenDistribution.LogProbs(Double(1.0, 0.0).unsqueeze(0), 0.5);
        torch.Tensor picked = TokenDistribution.Pick(logProbs, torch.zeros(1, dtype: torch.ScalarType.Int64));
        Assert.Equal(-Math.Log(1.0 + Math.Exp(-2.0)), picked.item<double>(), 12);
    }

    [Fact]
    public void Losses_agree_with_finite_differences()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        double[] old = [-1.2, -0.4, -2.0, -0.9, -3.1];
        double[] now = [-1.1, -0.9, -1.9, -1.0, -1.7];
        torch.Tensor Loss(torch.Tensor logProbs) =>
            ClippedPolicyLoss.PerToken(
                ImportanceRatio.Of(logProbs, Double(old)), Double(0.7, -0.4, -1.3, 1.1, -0.2), new ClipRange(0.2, 0.28, 3.0)).sum()
            + (KlPenalty.PerToken(logProbs, Double(old), KlEstimator.K3).mean() * 0.3);

        torch.Tensor leaf = Double(now).requires_grad_();
        Loss(leaf).backward();
        double[] gradient = leaf.grad!.data<double>().ToArray();
        for (int i = 0; i < now.Length; i++)
        {
            const double h = 1e-6;
            double[] above = [.. now];
            double[] below = [.. now];
            above[i] += h;
            below[i] -= h;
            double slope = (Loss(Double(above)).item<double>() - Loss(Double(below)).item<double>()) / (2 * h);
            Assert.Equal(slope, gradient[i], 1e-8);
        }
    }

    private static torch.Tensor Double(params double[] values) =>
        values.Length == 1
            ? torch.tensor(values[0], dtype: torch.ScalarType.Float64)
            : torch.tensor(values, dtype: torch.ScalarType.Float64);
}
