using Etr.Core.Tasks;

namespace Etr.Core.Tests.Tasks;

public class CurriculumTests
{
    [Theory]
    [InlineData(0, 0, 0, 1)]
    [InlineData(3, 0.5, 0, 1)]
    [InlineData(3, 0.25, 0, 0.75)]
    [InlineData(3, 1, -0.5, 0.5)]
    [InlineData(3, 1, 0, Curriculum.LeastWeight)]
    [InlineData(3, 0, -9, Curriculum.LeastWeight)]
    [InlineData(3, 1, double.NaN, Curriculum.LeastWeight)]
    public void A_prompt_weighs_what_it_has_left_to_teach(int rounds, double accuracy, double trend, double weight) =>
        Assert.Equal(weight, Curriculum.Weight(new PromptStanding(rounds, accuracy, trend)), 1e-12);

    [Fact]
    public void Choices_follow_the_weights_and_the_same_ordinal_chooses_the_same()
    {
        PromptStanding[] standings = [new(1, 0.5, 0), new(1, 1, 0), new(1, 1, -0.5)];
        int[] chosen = [.. Enumerable.Range(0, 20_000).Select(ordinal => Curriculum.Choose(7, ordinal, standings))];
        double total = standings.Sum(Curriculum.Weight);

        Assert.All(Enumerable.Range(0, 3), index =>
            Assert.Equal(Curriculum.Weight(standings[index]) / total, chosen.Count(found => found == index) / 20_000.0, 0.015));
        Assert.Equal(chosen[123], Curriculum.Choose(7, 123, standings));
    }
}
