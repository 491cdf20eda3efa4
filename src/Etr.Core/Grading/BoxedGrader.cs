namespace Etr.Core.Grading;

/// <summary>The released code's check: the last \boxed{…} is the gold answer, character by character.</summary>
internal sealed class BoxedGrader : IAnswerGrader
{
    public string Name => "boxed";

    public Verdict Grade(string response, string gold)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentNullException.ThrowIfNull(gold);
        if (BoxedAnswers.Last(response) is not { } extracted)
            return new Verdict(false, null, "no \\boxed{} found");
        return extracted == gold.Trim() ? new Verdict(true, extracted, "equal") : new Verdict(false, extracted, "not equal");
    }
}
