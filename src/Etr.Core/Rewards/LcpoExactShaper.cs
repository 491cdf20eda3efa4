namespace Etr.Core.Rewards;

/// <summary>
/// LCPO-exact: r = c − s·|n* − n|, c = 1 if right and 0 if wrong, n the length in tokens, n* the budget, s what a token off it
/// costs (arXiv 2503.04697). Linear without a floor: a right answer far off its budget can fall below a wrong one.
/// </summary>
internal sealed class LcpoExactShaper(double budget, double slope) : TracewiseShaper
{
    public override string Name => "lcpo-exact";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var correctness = trace.Correct ? 1 : 0;
        var length = -slope * Math.Abs(budget - trace.TokenCount);
        return new ShapedReward(correctness + length, trace.Correct) { CorrectnessTerm = correctness, LengthTerm = length };
    }
}
