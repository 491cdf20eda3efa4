using System.Reflection;
using Etr.Core.Evaluation;
using Etr.Core.Extensions;
using Etr.Core.Grading;
using Etr.Core.Rewards;
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
    [InlineData("random", "guarded", "trend-normalized")]
    [InlineData("kimi-length", "guarded", "group")]
    [InlineData("ungated", "paper", "group")]
    public void Blanks_take_what_goes_with_the_shaper(string shaper, string preset, string estimator)
    {
        RewardPlan plan = RewardPlan.Of(new RewardOptions { Shaper = shaper });
        Assert.Equal((shaper, preset, estimator), (plan.Shaper.Name, plan.Preset.Name, plan.Estimator.Name));
    }

    [Fact]
    public void Every_shaper_can_be_configured_by_its_name_and_every_name_is_a_shapers()
    {
        var allowed = typeof(RewardOptions).GetProperty(nameof(RewardOptions.Shaper))!.GetCustomAttribute<AllowedOrTypeAttribute>()!;
        Assert.Equal([.. RewardShapers.Names, "type:CLASS"], allowed.Values);
        Assert.True(allowed.IsValid("type:My.Own+Shaper_2"));
        Assert.False(allowed.IsValid("type:"));
        Assert.False(allowed.IsValid("type:a b"));
        Assert.False(allowed.IsValid("fancy"));
        var grader = typeof(TaskOptions).GetProperty(nameof(TaskOptions.Grader))!.GetCustomAttribute<AllowedOrTypeAttribute>()!;
        Assert.Equal(["", .. AnswerGraders.Names, "type:CLASS"], grader.Values);
        Assert.Equal("boxed", TaskGraders.Of(new RunConfiguration { Task = new TaskOptions { Grader = "boxed" } }).Name);
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
