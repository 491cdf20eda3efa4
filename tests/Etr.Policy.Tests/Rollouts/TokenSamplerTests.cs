using Etr.Core.Rollouts;
using Etr.Policy.Rollouts;
using TorchSharp;

namespace Etr.Policy.Tests.Rollouts;

public sealed class TokenSamplerTests
{
    private const int Draws = 20_000;
    private static readonly double[] Logits = [1.2, -0.3, 0.4, 2.0, -1.5, 0.9];

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.7)]
    [InlineData(2.0)]
    public void Draws_follow_the_softmax_at_the_temperature(double temperature)
    {
        double[] expected = Softmax(temperature);

        int[] counts = Count(new SamplingOptions { Temperature = temperature });

        // 99.99 % quantile of chi-square with five degrees of freedom; the numbers are counter-based, so this cannot flicker.
        double chiSquare = counts.Select((count, id) => Math.Pow(count - Draws * expected[id], 2) / (Draws * expected[id])).Sum();
        Assert.True(chiSquare < 25.7, $"chi-square {chiSquare}");
    }

    [Theory]
    [InlineData(2, 1.0, new[] { 3, 0 })]
    [InlineData(0, 0.5, new[] { 3, 0 })]
    [InlineData(0, 0.4, new[] { 3 })]
    [InlineData(1, 1.0, new[] { 3 })]
    [InlineData(3, 0.99, new[] { 3, 0, 5 })]
    public void Truncation_keeps_the_likeliest_in_their_proportions(int topK, double topP, int[] kept)
    {
        // Probabilities at temperature 1: 0.446 (id 3), 0.200 (0), 0.148 (5), 0.090 (2), 0.045 (1), 0.013 (4), which the masses above cut.
        double[] all = Softmax(1);
        double mass = kept.Sum(id => all[id]);

        int[] counts = Count(new SamplingOptions { Temperature = 1, TopK = topK, TopP = topP });

        for (int id = 0; id < counts.Length; id++)
        {
            double expected = kept.Contains(id) ? all[id] / mass : 0;
            Assert.Equal(expected, (double)counts[id] / Draws, expected == 0 ? 0 : 0.015);
        }
    }

    [Fact]
    public void What_is_recorded_is_of_the_untruncated_distribution()
    {
        DrawnToken whole = Draw([new DrawRequest(new SamplingOptions { Temperature = 0.7 }, 0.4)])[0];
        DrawnToken cut = Draw([new DrawRequest(new SamplingOptions { Temperature = 0.7, TopK = 1 }, 0.4)])[0];
        double[] p = Softmax(0.7);

        Assert.Equal(Math.Log(p[cut.Id]), cut.LogProb, 1e-5);
        Assert.Equal(-p.Sum(x => x * Math.Log(x)), cut.Entropy, 1e-5);
        Assert.Equal(whole.Entropy, cut.Entropy);
        Assert.Equal(3, cut.ArgMax);
    }

    [Fact]
    public void A_row_is_drawn_alike_whatever_the_other_rows_ask_for()
    {
        var plain = new SamplingOptions { Temperature = 0.9 };
        DrawRequest[] alone = [.. Enumerable.Range(0, 64).Select(i => new DrawRequest(plain, i / 64.0))];
        DrawRequest[] mixed = [.. alone, new(new SamplingOptions { Temperature = 0 }, 0.5), new(new SamplingOptions { Temperature = 1.4, TopP = 0.3, TopK = 2 }, 0.9)];

        Assert.Equal(Draw(alone).Select(drawn => drawn.Id), Draw(mixed).Take(64).Select(drawn => drawn.Id));
        Assert.Equal(3, Draw(mixed)[64].Id);
    }

    [Fact]
    public void The_largest_uniform_number_draws_the_last_token_with_weight()
    {
        double almostOne = 1 - Math.Pow(2, -53);
        using torch.Tensor logits = torch.tensor(new[] { 0f, 0f, float.MinValue / 4, float.MinValue / 4 }).unsqueeze(0);
        var drawn = new DrawnToken[1];

        TokenSampler.Draw(logits, [new DrawRequest(new SamplingOptions { Temperature = 1 }, almostOne)], drawn);

        Assert.Equal(1, drawn[0].Id);
    }

    private static double[] Softmax(double temperature)
    {
        double[] weights = [.. Logits.Select(logit => Math.Exp(logit / temperature))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

    private static int[] Count(SamplingOptions sampling)
    {
        int[] counts = new int[Logits.Length];
        DrawRequest[] requests = [.. Enumerable.Range(0, Draws).Select(i => new DrawRequest(sampling, Philox4x32.Uniform(11, new TraceKey(1, 2, 3), (uint)i)))];
        foreach (DrawnToken drawn in Draw(requests))
        {
            counts[drawn.Id]++;
        }

        return counts;
    }

    private static DrawnToken[] Draw(DrawRequest[] requests)
    {
        using torch.Tensor row = torch.tensor(Logits, torch.float32).unsqueeze(0);
        using torch.Tensor logits = row.repeat(requests.Length, 1);
        var drawn = new DrawnToken[requests.Length];
        TokenSampler.Draw(logits, requests, drawn);
        return drawn;
    }
}
