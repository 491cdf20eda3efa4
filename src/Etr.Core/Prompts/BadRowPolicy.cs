namespace Etr.Core.Prompts;

/// <summary>What becomes of a prompt file with a row that cannot be used. Bad rows are counted either way.</summary>
public enum BadRowPolicy
{
    /// <summary>The first one ends the reading with an exception that names it.</summary>
    Fatal,

    /// <summary>They are left out, and the first ones are kept in the report.</summary>
    Skip,
}
