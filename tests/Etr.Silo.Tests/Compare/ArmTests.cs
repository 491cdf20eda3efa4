using Etr.Core.Rewards;
using Etr.Silo.Compare;
using Etr.Silo.Configuration;

namespace Etr.Silo.Tests.Compare;

public sealed class ArmTests
{
    [Fact]
    public void Every_shaper_is_an_arm_of_its_own_name()
    {
        IReadOnlyList<Arm> arms = ArmCatalogue.Parse(string.Join(',', RewardShapers.Names), []);

        Assert.Equal(RewardShapers.Names, arms.Select(arm => arm.Name));
        Assert.All(arms, arm => Assert.Equal([new("Etr:Reward:Shaper", arm.Name)], arm.Settings));
    }

    [Theory]
    [InlineData("alpha-0.2", "guarded", "0.2", "1", "0.9")]
    [InlineData("alpha-0", "guarded", "0", "1", "0.9")]
    [InlineData("symmetric", "guarded", "1", "1", "0.99")]
    public void A_dose_changes_the_constants_and_keeps_the_estimator(string name, string shaper, string alpha, string beta, string gamma)
    {
        Arm arm = Assert.Single(ArmCatalogue.Parse(name, []));

        Assert.Equal(
            [new("Etr:Reward:Shaper", shaper), new("Etr:Reward:Alpha", alpha), new("Etr:Reward:Beta", beta), new("Etr:Reward:Gamma", gamma)],
            arm.Settings);
    }

    [Fact]
    public void The_length_penalty_is_a_budget_of_one_token() => Assert.Equal(
        [new("Etr:Reward:Shaper", "lcpo-exact"), new("Etr:Reward:Budget", "1")],
        Assert.Single(ArmCatalogue.Parse("length-penalty", [])).Settings);

    [Fact]
    public void An_own_arm_is_a_name_and_settings()
    {
        IReadOnlyList<Arm> arms = ArmCatalogue.Parse("outcome", ["steep: Etr:Reward:Beta=2 ; Etr:Task:HeldOutData=a,b.jsonl"]);

        Assert.Equal(["outcome", "steep"], arms.Select(arm => arm.Name));
        Assert.Equal([new("Etr:Reward:Beta", "2"), new("Etr:Task:HeldOutData", "a,b.jsonl")], arms[1].Settings);
    }

    [Fact]
    public void An_own_arm_without_a_comma_may_stand_in_the_list() =>
        Assert.Equal(["mine", "outcome"], ArmCatalogue.Parse("mine:Etr:Reward:Beta=2;Etr:Reward:Gamma=1,outcome", []).Select(arm => arm.Name));

    [Fact]
    public void A_group_is_its_arms_each_once_and_not_insisted_on()
    {
        IReadOnlyList<Arm> arms = ArmCatalogue.Parse("guarded,all,doses", []);

        Assert.Equal(ArmCatalogue.Names.Count, arms.Count);
        Assert.Equal(arms.Select(arm => arm.Name).Distinct(), arms.Select(arm => arm.Name));
        Assert.True(arms[0].Named);
        Assert.All(arms.Skip(1), arm => Assert.False(arm.Named));
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var refused = Assert.Throws<ConfigurationException>(() => ArmCatalogue.Parse("magic", ["guarded:Etr:Run:Steps=1", "a/b:Etr:Run:Steps=1", "x:Etr:Run:Steps"]));

        Assert.Equal(4, refused.Problems.Count);
        Assert.Contains("length-penalty", refused.Problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Two_arms_of_one_name_must_be_the_same()
    {
        Assert.Single(ArmCatalogue.Parse("", ["x:Etr:Reward:Beta=2", "x:Etr:Reward:Beta=2"]));
        Assert.Throws<ConfigurationException>(() => ArmCatalogue.Parse("", ["x:Etr:Reward:Beta=2", "x:Etr:Reward:Beta=3"]));
    }

    [Theory]
    [InlineData("3", new[] { 1, 2, 3 })]
    [InlineData("5,2,9", new[] { 5, 2, 9 })]
    [InlineData("4-6", new[] { 4, 5, 6 })]
    [InlineData("1-2,7", new[] { 1, 2, 7 })]
    [InlineData("7,", new[] { 7 })]
    [InlineData("2,2", new[] { 2 })]
    public void Seeds_are_a_number_a_list_or_a_range(string text, int[] expected) => Assert.Equal(expected, SeedList.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("1001")]
    [InlineData("1-5000")]
    [InlineData("6-4")]
    [InlineData("a")]
    [InlineData("1-2-3")]
    [InlineData("99999999999")]
    public void Other_seeds_are_refused(string text) => Assert.Throws<ConfigurationException>(() => SeedList.Parse(text));
}
