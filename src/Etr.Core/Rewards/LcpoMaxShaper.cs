namespace Etr.Core.Rewards;

/// <summary>
/// LCPO-max: r = c·clip(s·(n* − n) + 0.5, 0, 1), c = 1 if right and 0 if wrong, n the length in tokens, n* the budget, s what a
/// token pays (arXiv 2503.04697). A right answer far over its budget ties with a wrong one at 0.
/// </summary>
internal sealed class LcpoMaxShaper(double budget, double slope) : TracewiseShaper
{
    public override string Name => "lcpo-max";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        if (!trace.Correct)
            return new ShapedReward(0, Correct: false);
        var reward = Math.Clamp(slope * (budget - trace.TokenCount) + 0.5, 0, 1);
        return new ShapedReward(reward, Correct: true) { CorrectnessTerm = 0.5, LengthTerm = reward - 0.5 };
    }
}
