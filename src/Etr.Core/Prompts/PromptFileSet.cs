using Etr.Core.Tasks;

namespace Etr.Core.Prompts;

/// <summary>The prompts of a file, held in memory and numbered.</summary>
public sealed class PromptFileSet : IPromptSet
{
    private readonly PromptItem[] _items;

    private PromptFileSet(string name, PromptItem[] items, PromptFile file)
    {
        Name = name;
        _items = items;
        BadCount = file.BadCount;
        BadRows = file.BadRows;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <summary>Rows that were left out.</summary>
    public long BadCount { get; }

    /// <summary>The first rows that were left out, 20 at most.</summary>
    public IReadOnlyList<BadRow> BadRows { get; }

    /// <inheritdoc/>
    public PromptItem this[int index] => _items[index];

    /// <summary>Reads a file whole.</summary>
    /// <param name="path">Its path; the file's name without extension names the set.</param>
    /// <param name="options">How to read it; the defaults where null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The set.</returns>
    /// <exception cref="PromptFileException">It cannot be opened, has a bad row where that is fatal, or has no prompt.</exception>
    public static PromptFileSet Load(string path, PromptFileOptions? options = null, CancellationToken cancellationToken = default)
    {
        var file = new PromptFile(path, options);
        PromptItem[] items = [.. file.Read(cancellationToken)];
        return items.Length > 0
            ? new PromptFileSet(Path.GetFileNameWithoutExtension(path), items, file)
            : throw new PromptFileException($"{path}: it has no prompt ({file.BadCount} bad rows)");
    }
}
