namespace Etr.Core.Rewards;

/// <summary>
/// <see cref="OverlongPenalty"/> as a reward: −1 to 0, whether right or wrong. Made to be mixed with others; alone it pays for
/// staying short and nothing else.
/// </summary>
internal sealed class OverlongShaper(int maxLength, int buffer) : TracewiseShaper
{
    public override string Name => "overlong";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var penalty = OverlongPenalty.Of(trace.TokenCount, maxLength, buffer);
        return new ShapedReward(penalty, trace.Correct) { LengthTerm = penalty };
    }
}
