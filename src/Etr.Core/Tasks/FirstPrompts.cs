namespace Etr.Core.Tasks;

/// <summary>The first prompts of a set.</summary>
/// <param name="all">The set.</param>
/// <param name="most">How many at most, at least 1.</param>
public sealed class FirstPrompts(IPromptSet all, int most) : IPromptSet
{
    /// <inheritdoc/>
    public string Name => all.Name;

    /// <inheritdoc/>
    public int Count { get; } = Math.Min(all.Count, most);

    /// <inheritdoc/>
    public PromptItem this[int index] => index >= 0 && index < Count ? all[index] : throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {Count} prompts.");
}
