namespace Etr.Core.Tasks;

/// <summary>One prompt with its gold answer.</summary>
/// <param name="Id">Identity within its set.</param>
/// <param name="Text">The prompt, as the model is to see it.</param>
/// <param name="Answer">The gold answer.</param>
public sealed record PromptItem(string Id, string Text, string Answer)
{
    /// <summary>What the prompt belongs to: a style, a subject; null where unknown.</summary>
    public string? Category { get; init; }

    /// <summary>How hard it is, on its data set's scale; null where unknown.</summary>
    public double? Difficulty { get; init; }
}
