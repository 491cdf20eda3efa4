using Etr.Core.Entropies;
using Etr.Core.Presets;
using Etr.Core.Steps;
using Etr.Core.Trends;

namespace Etr.Core.Tests.Presets;

public sealed class EtrPresetTests
{
    [Fact]
    public void The_three_presets_have_their_published_constants()
    {
        Assert.Equal(new("paper", EntropyKind.FullVocabulary, StepRule.SampledText, new TrendOptions(1, 1, .9), .005), EtrPreset.Paper);
        Assert.Equal(new("reference", EntropyKind.TopFive, StepRule.ArgMaxToken, new TrendOptions(.4, .8, .99), .005), EtrPreset.Reference);
        Assert.Equal(new("guarded", EntropyKind.FullVocabulary, StepRule.SampledText, new TrendOptions(0, 1, .9), .005), EtrPreset.Guarded);
    }

    [Fact]
    public void Presets_are_found_by_name_and_an_unknown_one_lists_them()
    {
        foreach (var preset in EtrPreset.All)
            Assert.Same(preset, EtrPreset.Find(preset.Name.ToUpperInvariant()));
        Assert.Contains("guarded, paper, reference", Assert.Throws<ArgumentException>(() => EtrPreset.Find("other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_presets_that_pay_for_drops_warn()
    {
        Assert.Null(EtrPreset.Guarded.Warning);
        Assert.Contains("paper", EtrPreset.Paper.Warning, StringComparison.Ordinal);
        Assert.Contains("reference", EtrPreset.Reference.Warning, StringComparison.Ordinal);
    }
}
