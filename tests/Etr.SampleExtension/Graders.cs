using Etr.Core.Grading;

namespace Etr.SampleExtension;

/// <summary>
/// Right where the response ends with the gold answer. It throws at a response that says "throw", never answers one that says
/// "hang", and answers nothing to one that says "nothing".
/// </summary>
public sealed class EndingGrader : IAnswerGrader
{
    /// <inheritdoc/>
    public string Name => "ending";

    /// <inheritdoc/>
    public Verdict Grade(string response, string gold)
    {
        ArgumentNullException.ThrowIfNull(response);
        if (response.Contains("throw", StringComparison.Ordinal))
            throw new FormatException("not like that");
        if (response.Contains("hang", StringComparison.Ordinal))
            Thread.Sleep(Timeout.Infinite);
        return response.Contains("nothing", StringComparison.Ordinal) ? null! : new Verdict(response.EndsWith(gold, StringComparison.Ordinal), gold, new string('x', 5000));
    }
}
