namespace Etr.Core.Rewards;

/// <summary>
/// O1-Pruner: r = L0/n − 1 + a·(c − A0), c = 1 if right and 0 if wrong, n the length in tokens, L0 and A0 the reference policy's
/// mean length and accuracy on the prompt, a the weight of accuracy, 2 as published (arXiv 2501.12570). A short
/// wrong answer can beat a long right one.
/// </summary>
internal sealed class O1PrunerShaper(ReferenceFigures references, double accuracyWeight) : IRewardShaper
{
    public string Name => "o1-pruner";

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(identity);
        var reference = references.Of(identity.PromptId);
        return [.. group.Select(trace => Shape(trace, reference))];
    }

    private ShapedReward Shape(GradedTrace trace, ReferenceFigure reference)
    {
        // A trace has a token at least: what ended it.
        var length = reference.Length / Math.Max(1, trace.TokenCount) - 1;
        var correctness = accuracyWeight * ((trace.Correct ? 1 : 0) - reference.Accuracy);
        return new ShapedReward(length + correctness, trace.Correct) { CorrectnessTerm = correctness, LengthTerm = length };
    }
}
