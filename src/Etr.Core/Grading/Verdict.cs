namespace Etr.Core.Grading;

/// <summary>What a grader says of a response.</summary>
/// <param name="Correct">Whether the answer is right. Doubt counts as wrong.</param>
/// <param name="Extracted">The answer found in the response; null if there is none.</param>
/// <param name="Reason">Why, in a few words for people.</param>
public sealed record Verdict(bool Correct, string? Extracted, string Reason)
{
    /// <summary>Whether there is no verdict, because the grader failed: the trace is neither right nor wrong and teaches nothing.</summary>
    public bool Unscorable { get; init; }
}
