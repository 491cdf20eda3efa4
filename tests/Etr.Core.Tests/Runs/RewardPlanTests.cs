using Etr.Core.Runs;
using Etr.Core.Trends;

namespace Etr.Core.Tests.Runs;

public class RewardPlanTests
{
    [Theory]
    [InlineData("guarded", "guarded", "trend-normalized")]
    [InlineData("paper", "paper", "group")]
    [InlineData("reference", "reference", "group")]
    [InlineData("outcome", "guarded", "group")]
    public void Blanks_take_what_goes_with_the_shaper(string shaper, string preset, string estimator)
    {
        RewardPlan plan = RewardPlan.Of(new RewardOptions { Shaper = shaper });
        Assert.Equal((shaper, preset, estimator), (plan.Shaper.Name, plan.Preset.Name, plan.Estimator.Name));
    }

    [Fact]
    public void Each_constant_of_a_preset_can_be_changed_alone()
    {
        RewardPlan plan = RewardPlan.Of(new RewardOptions { Shaper = "paper", Beta = 3, Lambda = 0.5 });
        Assert.Equal(TrendOptions.Paper with { Beta = 3 }, plan.Preset.Trend);
        Assert.Equal(0.5, plan.Preset.Lambda);
        Assert.Throws<ArgumentOutOfRangeException>(() => RewardPlan.Of(new RewardOptions { Gamma = 1.5 }));
    }

    [Fact]
    public void A_configuration_is_stored_and_read_back_as_it_was()
    {
        var configuration = new RunConfiguration
        {
            Run = new RunOptions { Seed = 9, Steps = 3 },
            Reward = new RewardOptions { Shaper = "paper", Gamma = 0.5 },
        };
        Assert.Equal(configuration, RunConfigurationJson.Read(RunConfigurationJson.Write(configuration)));
        Assert.Throws<InvalidDataException>(() => RunConfigurationJson.Read("{\"Run\":{\"Stepz\":3}}"));
        Assert.Throws<InvalidDataException>(() => RunConfigurationJson.Read("{"));
    }
}
