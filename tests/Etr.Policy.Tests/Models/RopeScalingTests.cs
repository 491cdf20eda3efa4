using Etr.Policy.Models;

namespace Etr.Policy.Tests.Models;

public sealed class RopeScalingTests
{
    // Llama 3.1's own numbers, θ = 500,000 and heads of 128, each worked through by hand: wavelengths up to 2048 stay, from 8192 on they
    // are stretched by 8; at 30 the wavelength is 2948.2, the share (8192/2948.2 − 1)/3 = 0.59289.
    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(10, 0.128687373433)]
    [InlineData(28, 0.003211445995)]
    [InlineData(30, 0.001371893568)]
    [InlineData(34, 0.000178507813)]
    [InlineData(40, 3.42810220e-05)]
    [InlineData(63, 3.06892599e-07)]
    public void Llama_3_frequencies_are_the_worked_ones(int pair, double expected)
    {
        ModelConfig config = new()
        {
            Architecture = ModelArchitecture.Llama,
            VocabularySize = 8,
            HiddenSize = 128,
            IntermediateSize = 8,
            Layers = 1,
            Heads = 1,
            KeyValueHeads = 1,
            HeadSize = 128,
            ContextLength = 131_072,
            RopeTheta = 500_000,
            RopeScaling = new RopeScaling(8, 1, 4, 8192),
            EndTokens = [1],
        };

        Assert.Equal(1, config.RotaryFrequencies()[pair] / expected, 1e-6);
    }

    [Fact]
    public void Scaled_frequencies_never_rise_and_meet_at_both_ends()
    {
        var scaling = new RopeScaling(32, 1, 4, 8192);
        double high = 4 * 2 * Math.PI / 8192;
        double low = 2 * Math.PI / 8192;

        Assert.Equal(high, scaling.Apply(high), 1e-12);
        Assert.Equal(low / 32, scaling.Apply(low), 1e-12);
        double before = double.PositiveInfinity;
        for (double frequency = 1; frequency > 1e-7; frequency *= 0.97)
        {
            double scaled = scaling.Apply(frequency);
            Assert.True(scaled < before && scaled <= frequency && scaled >= frequency / 32);
            before = scaled;
        }
    }
}
