namespace Etr.Core.Tasks;

/// <summary>A finite, ordered set of prompts; the same index always gives the same prompt.</summary>
public interface IPromptSet
{
    /// <summary>A name for people, such as <c>arithmetic/train</c>.</summary>
    string Name { get; }

    /// <summary>How many prompts it has, at least 1.</summary>
    int Count { get; }

    /// <summary>The prompt at <paramref name="index"/>, 0 ≤ index &lt; <see cref="Count"/>.</summary>
    PromptItem this[int index] { get; }
}
