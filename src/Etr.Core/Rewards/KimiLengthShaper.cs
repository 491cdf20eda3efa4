namespace Etr.Core.Rewards;

/// <summary>
/// Kimi k1.5's length reward: ±1, plus λ_len = 0.5 − (n − min)/(max − min) if right and min(0, λ_len) if wrong, min and max the
/// shortest and longest of the group in tokens; 0 where they are equal (arXiv 2501.12599). Right answers earn
/// 0.5 to 1.5, wrong ones −1.5 to −1.
/// </summary>
internal sealed class KimiLengthShaper : IRewardShaper
{
    public string Name => "kimi-length";

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(group);
        var shortest = group.Min(trace => trace.TokenCount);
        var longest = group.Max(trace => trace.TokenCount);
        return [.. group.Select(trace => Shape(trace, shortest, longest))];
    }

    private static ShapedReward Shape(GradedTrace trace, int shortest, int longest)
    {
        var relative = longest == shortest ? 0 : 0.5 - (trace.TokenCount - shortest) / (double)(longest - shortest);
        var correctness = trace.Correct ? 1 : -1;
        var length = trace.Correct ? relative : Math.Min(0, relative);
        return new ShapedReward(correctness + length, trace.Correct) { CorrectnessTerm = correctness, LengthTerm = length };
    }
}
