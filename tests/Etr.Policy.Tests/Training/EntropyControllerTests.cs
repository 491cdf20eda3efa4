using Etr.Core.Training;
using Etr.Policy.Training;

namespace Etr.Policy.Tests.Training;

public sealed class EntropyControllerTests
{
    private static readonly TrainingOptions Steered = new() { EntropyTarget = 0.5, EntropyCoefficient = 0.25, EntropyRate = 0.125, EntropyMaximum = 0.4 };

    [Fact]
    public void Below_the_target_the_coefficient_rises_above_it_falls_and_neither_leaves_the_bounds()
    {
        EntropyController controller = new(Steered);
        (double Entropy, double Expected)[] steps =
            [(0.4, 0.375), (0.4, 0.4), (0.6, 0.275), (0.6, 0.15), (0.6, 0.025), (0.6, 0.0), (0.5, 0.0), (0.1, 0.125)];
        foreach ((double entropy, double expected) in steps)
        {
            controller.After(entropy);
            Assert.Equal(expected, controller.Coefficient, 12);
        }
    }

    [Theory]
    [InlineData(null, 0.1)]
    [InlineData(0.5, double.NaN)]
    public void Without_a_target_or_a_measurement_it_stays(double? target, double entropy)
    {
        EntropyController controller = new(Steered with { EntropyTarget = target });
        controller.After(entropy);
        Assert.Equal(0.25, controller.Coefficient);
    }
}
