namespace Etr.Core.Grading;

/// <summary>
/// The built-in task's check: the response ends in "answer=" and the gold answer, a full stop or none, and nothing else
/// after it.
/// </summary>
internal sealed class FinalLineGrader : IAnswerGrader
{
    private const string Mark = "answer=";

    public string Name => "final-line";

    public Verdict Grade(string response, string gold)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentNullException.ThrowIfNull(gold);
        var line = response.AsSpan().TrimEnd();
        var start = line.LastIndexOf('\n') + 1;
        line = line[start..].Trim();
        if (!line.StartsWith(Mark, StringComparison.Ordinal))
            return new Verdict(false, null, "the last line is no answer");
        var extracted = line[Mark.Length..].TrimEnd('.').Trim().ToString();
        return extracted == gold.Trim() ? new Verdict(true, extracted, "equal") : new Verdict(false, extracted, "not equal");
    }
}
