using Etr.Core.Runs;

namespace Etr.Core.Prompts;

/// <summary>How prompt files are read.</summary>
public sealed record PromptFileOptions
{
    /// <summary>What becomes of bad rows. The default value is <see cref="BadRowPolicy.Fatal"/>.</summary>
    public BadRowPolicy BadRows { get; init; } = BadRowPolicy.Fatal;

    /// <summary>Longest line in bytes; a longer one is a bad row and is never held. The default value is 1 MiB; 1 to 64 MiB.</summary>
    public int MaxLineBytes { get; init; } = 1 << 20;

    /// <summary>Most prompts to read; the rest of the file is left unread. The default value is 10,000,000; at least 1.</summary>
    public int Limit { get; init; } = 10_000_000;

    /// <summary>Layout, template, filters and split. The default value is that of a run.</summary>
    public DatasetOptions Dataset { get; init; } = new();

    /// <summary>Counts tokens; null checks none. The default value is null.</summary>
    public IPromptMeasure? Measure { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public PromptFileOptions Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxLineBytes, 1, nameof(MaxLineBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxLineBytes, 64 << 20, nameof(MaxLineBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(Limit, 1, nameof(Limit));
        if (!Enum.IsDefined(BadRows))
            throw new ArgumentOutOfRangeException(nameof(BadRows), BadRows, "Bad rows are Fatal or Skip.");
        return this;
    }
}
