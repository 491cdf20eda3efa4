using Etr.Core.Rollouts;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;
using TorchSharp;

namespace Etr.Policy.Tests.Rollouts.Cpu;

/// <summary>The row sampler against the torch one: the same draws and the same figures.</summary>
public sealed unsafe class RowSamplerTests
{
    [Theory]
    [InlineData(6, 1.0, 1.0, 0)]
    [InlineData(46, 0.7, 1.0, 0)]
    [InlineData(1300, 1.3, 1.0, 0)]
    [InlineData(1300, 0.0, 1.0, 0)]
    [InlineData(46, 0.9, 0.8, 0)]
    [InlineData(46, 0.9, 1.0, 5)]
    [InlineData(1300, 0.9, 0.6, 40)]
    public void Draws_and_figures_are_those_of_the_torch_sampler(int vocabulary, double temperature, double topP, int topK)
    {
        const int rows = 200;
        var random = new Random(vocabulary);
        float[] logits = [.. Enumerable.Range(0, rows * vocabulary).Select(_ => (float)(8 * random.NextDouble() - 4))];
        var sampling = new SamplingOptions { Temperature = temperature, TopP = topP, TopK = topK };
        DrawRequest[] requests = [.. Enumerable.Range(0, rows).Select(_ => new DrawRequest(sampling, random.NextDouble()))];
        var expected = new DrawnToken[rows];
        using (torch.Tensor all = torch.tensor(logits).view(rows, vocabulary))
        {
            TokenSampler.Draw(all, requests, expected);
        }

        using var sampler = new RowSampler(vocabulary);
        for (int row = 0; row < rows; row++)
        {
            DrawnToken drawn = Draw(sampler, logits.AsSpan(row * vocabulary, vocabulary), requests[row]);
            Assert.Equal(expected[row].Id, drawn.Id);
            Assert.Equal(expected[row].ArgMax, drawn.ArgMax);
            Assert.Equal(expected[row].LogProb, drawn.LogProb, 2e-6);
            Assert.Equal(expected[row].Entropy, drawn.Entropy, 4e-6);
            Assert.Equal(expected[row].TopFiveEntropy, drawn.TopFiveEntropy, 2e-6);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_logit_that_is_not_finite_is_refused(float value)
    {
        float[] logits = new float[40];
        logits[17] = value;
        using var sampler = new RowSampler(40);

        Assert.Throws<NotFiniteNumberException>(() => Draw(sampler, logits, new DrawRequest(new SamplingOptions(), 0.5)));
    }

    [Fact]
    public void A_token_of_no_weight_is_never_drawn()
    {
        float[] logits = [.. Enumerable.Repeat(float.NegativeInfinity, 1000)];
        logits[0] = 1;
        logits[600] = 1;
        using var sampler = new RowSampler(1000);

        Assert.Equal(0, Draw(sampler, logits, new DrawRequest(new SamplingOptions(), 0)).Id);
        Assert.Equal(600, Draw(sampler, logits, new DrawRequest(new SamplingOptions(), 0.5)).Id);
        Assert.Equal(600, Draw(sampler, logits, new DrawRequest(new SamplingOptions(), 1 - Math.Pow(2, -53))).Id);
        Assert.Equal(Math.Log(2), Draw(sampler, logits, new DrawRequest(new SamplingOptions(), 0.5)).Entropy, 1e-6);
    }

    [Fact]
    public void Equal_logits_are_cut_in_the_order_of_ids()
    {
        using var sampler = new RowSampler(50);
        DrawRequest Request(double uniform) => new(new SamplingOptions { Temperature = 1, TopK = 3 }, uniform);

        int[] drawn = [.. new[] { 0, 0.4, 0.99 }.Select(uniform => Draw(sampler, new float[50], Request(uniform)).Id)];

        Assert.Equal([0, 1, 2], drawn);
    }

    private static DrawnToken Draw(RowSampler sampler, ReadOnlySpan<float> logits, DrawRequest request)
    {
        using var memory = new AlignedMemory(4 * (logits.Length + 64));
        logits.CopyTo(new Span<float>(memory.Floats, logits.Length));
        return sampler.Draw(memory.Floats, request);
    }
}
