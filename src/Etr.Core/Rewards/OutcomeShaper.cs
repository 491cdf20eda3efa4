namespace Etr.Core.Rewards;

/// <summary>Plain GRPO: +1 if right, −1 if wrong. It reads no entropy, so nothing after it can.</summary>
internal sealed class OutcomeShaper : TracewiseShaper
{
    public override string Name => "outcome";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var reward = trace.Correct ? 1 : -1;
        return new ShapedReward(reward, trace.Correct) { CorrectnessTerm = reward };
    }
}
