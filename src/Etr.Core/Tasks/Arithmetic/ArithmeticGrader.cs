using Etr.Core.Groups;

namespace Etr.Core.Tasks.Arithmetic;

/// <summary>Grades the <c>arithmetic</c> task exactly: the response ends in <c>answer=d.</c> and d is the prompt's answer.</summary>
public sealed class ArithmeticGrader : ITraceGrader
{
    private const string Marker = "answer=";

    /// <inheritdoc/>
    public TraceVerdict Grade(PromptItem prompt, string response)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(response);
        int start = response.LastIndexOf(Marker, StringComparison.Ordinal) + Marker.Length;
        if (start < Marker.Length)
            return new TraceVerdict(false, "", "no answer was given");
        string answer = response[start..].TrimEnd();
        if (!answer.EndsWith('.'))
            return new TraceVerdict(false, answer, "the answer is not closed by a full stop");
        answer = answer[..^1];
        return answer == prompt.Answer
            ? new TraceVerdict(true, answer, "equal")
            : new TraceVerdict(false, answer, $"{prompt.Answer} was asked for");
    }
}
