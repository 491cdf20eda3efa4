namespace Etr.Core.Rewards;

/// <summary>
/// PEAR, phase-wise entropy: r = min(1, 1 − max(0, H̄_think − H̄_answer)) if right, 0 if wrong. The parts are split at
/// <c>&lt;/think&gt;</c>; without it the answer's mean is 0, so that all of the thinking's entropy is charged. It has no floor.
/// </summary>
internal sealed class PearShaper : TracewiseShaper
{
    public override string Name => "pear";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        if (!trace.Correct)
            return new ShapedReward(0, Correct: false);
        var charge = Math.Max(0, trace.ThinkEntropy - trace.AnswerEntropy);
        return new ShapedReward(Math.Min(1, 1 - charge), Correct: true) { CorrectnessTerm = 1, TrendTerm = -charge };
    }
}
