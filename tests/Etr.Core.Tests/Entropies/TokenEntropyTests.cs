using Etr.Core.Entropies;

namespace Etr.Core.Tests.Entropies;

public sealed class TokenEntropyTests
{
    [Theory]
    [InlineData(new[] { .6, .2, .1, .05, .02 }, 0.675185)]
    [InlineData(new[] { .2, .2, .2, .2, .2 }, 1)]
    [InlineData(new[] { .01, .01, .01, .01, .01 }, 0.143068)]
    [InlineData(new[] { 1.0, 0, 0, 0, 0 }, 0)]
    public void Top_five_of_chosen_probabilities_is_a_share_of_ln_5(double[] kept, double expected) =>
        Assert.Equal(expected, TokenEntropy.TopFive(kept), 6);

    [Fact]
    public void Equal_logits_have_the_entropy_of_a_fair_die()
    {
        var logits = new float[6];
        Close.AssertTo(Math.Log(6), TokenEntropy.Full(logits), 1e-14);
        Close.AssertTo(-Math.Log(6), TokenEntropy.LogProbability(logits, 3), 1e-14);
    }

    [Fact]
    public void Two_tokens_at_three_to_one_have_the_known_entropy()
    {
        // p = 3/4, 1/4: H = ln 4 − 3/4·ln 3.
        float[] logits = [MathF.Log(3), 0];
        Close.AssertTo(Math.Log(4) - 0.75 * Math.Log(3), TokenEntropy.Full(logits), 1e-7);
        Close.AssertTo(Math.Log(0.75), TokenEntropy.LogProbability(logits, 0), 1e-7);
    }

    [Fact]
    public void Halving_the_temperature_squares_the_odds()
    {
        float[] logits = [MathF.Log(3), 0];
        Close.AssertTo(Math.Log(0.9), TokenEntropy.LogProbability(logits, 0, 0.5), 1e-7);
    }

    [Fact]
    public void Temperature_zero_is_measured_at_temperature_one()
    {
        float[] logits = [2, 1, -3];
        Assert.Equal(TokenEntropy.Measure(logits, 1, 1), TokenEntropy.Measure(logits, 1, 0));
    }

    [Fact]
    public void A_token_that_cannot_be_drawn_adds_nothing()
    {
        float[] logits = [1, 1, float.NegativeInfinity];
        Close.AssertTo(Math.Log(2), TokenEntropy.Full(logits), 1e-14);
        Assert.Equal(double.NegativeInfinity, TokenEntropy.LogProbability(logits, 2));
    }

    [Fact]
    public void Huge_logits_neither_overflow_nor_go_negative()
    {
        float[] logits = [3e38f, -3e38f, 0];
        Assert.Equal(0, TokenEntropy.Full(logits));
        Assert.Equal(0, TokenEntropy.LogProbability(logits, 0));
    }

    [Fact]
    public void Nan_is_not_hidden() => Assert.True(double.IsNaN(TokenEntropy.Full([0, float.NaN, 1])));

    [Fact]
    public void Bad_arguments_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TokenEntropy.Full([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenEntropy.Full([1f], -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenEntropy.LogProbability([1f], 1));
        Assert.Throws<ArgumentException>(() => TokenEntropy.TopFive([.1, .1, .1, .1, .1, .1]));
    }

    [Theory]
    [InlineData(0, new[] { 6, 5, 4, 3, 2 })] // the sampled token ranks first: ranks one to five, it is one of them
    [InlineData(3, new[] { 6, 5, 4, 3, 2 })] // it ranks fourth: the same five
    [InlineData(6, new[] { 0, 6, 5, 4, 3 })] // it ranks last of seven: it takes the fifth place
    public void The_sampled_token_comes_first_and_five_are_kept(int token, int[] keptWeights)
    {
        // Weights 6, 5, 4, 3, 2, 1 and a hundredth, drawn in that order of rank.
        double[] weights = [6, 5, 4, 3, 2, 1, 0.01];
        var total = weights.Sum();
        var logits = weights.Select(w => (float)Math.Log(w)).ToArray();
        var kept = keptWeights.Select(w => (w == 0 ? 0.01 : w) / total).ToArray();
        Close.AssertTo(TokenEntropy.TopFive(kept), TokenEntropy.TopFive(logits, token), 1e-6);
    }

    [Fact]
    public void Top_five_of_a_small_vocabulary_takes_what_there_is()
    {
        float[] logits = [0, 0];
        Close.AssertTo(Math.Log(2) / Math.Log(5), TokenEntropy.TopFive(logits, 1), 1e-12);
    }
}
