using Etr.Core.Steps;

namespace Etr.Core.Tests.Steps;

public sealed class StepEntropiesTests
{
    private static readonly double[] Entropies = [.5, .3, .1, .4, .2, 0, .6, .2, .1];

    [Fact]
    public void The_sampled_text_rule_keeps_the_tail()
    {
        string[] texts = ["a", "b", "\n\n", "c", "d", "\n\n", "e", "f", ""];
        AssertSteps([.3, .2, .3], StepEntropies.Of(texts, Entropies));
    }

    [Fact]
    public void The_reference_rule_drops_the_tail()
    {
        bool[] flags = [false, false, true, false, false, true, false, false, false];
        AssertSteps([.3, .2], ReferenceSteps.Entropies(Entropies, flags));
    }

    [Fact]
    public void The_reference_rule_leaves_no_step_where_nothing_cuts() =>
        Assert.Empty(ReferenceSteps.Entropies(Entropies, new bool[Entropies.Length]));

    [Fact]
    public void The_reference_rule_trims_exact_zeros_at_the_end_alone()
    {
        double[] entropies = [0, .2, 0, .3, 0, 0];
        bool[] all = [true, true, true, true, true, true];
        AssertSteps([0, .2, 0, .3], ReferenceSteps.Entropies(entropies, all));
    }

    [Fact]
    public void Ends_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => StepEntropies.Means(Entropies, [3, 3]));
        Assert.Throws<ArgumentException>(() => StepEntropies.Means(Entropies, [10]));
        Assert.Throws<ArgumentException>(() => StepEntropies.Of(["a"], Entropies));
        Assert.Throws<ArgumentException>(() => ReferenceSteps.Entropies(Entropies, [true]));
    }

    [Fact]
    public void The_accumulator_shows_the_open_step_as_it_grows()
    {
        var accumulator = new StepEntropyAccumulator();
        Assert.True(double.IsNaN(accumulator.Latest));
        accumulator.Add("a", 1, out _);
        Assert.Equal(1, accumulator.Latest);
        accumulator.Add("\n\n", 0, out _);
        Assert.Equal(.5, accumulator.Latest);
        accumulator.Add("\n", 0.5, out _);
        Assert.Equal(.5, accumulator.Latest);
        Assert.True(accumulator.Add("b", 1.5, out var first));
        Assert.Equal(.5, first);
        Assert.Equal(1, accumulator.Latest);
    }

    private static void AssertSteps(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Close.AssertTo(expected[i], actual[i], 1e-12);
    }
}
