using Etr.Core.Prompts;

namespace Etr.Core.Tasks;

/// <summary>The prompts that a configuration names, gone through and checked against one another.</summary>
/// <param name="Training">The prompts trained on.</param>
/// <param name="HeldOut">The prompts held out; null where there are none.</param>
/// <param name="Notes">What a person should read: counts of rows, a line a file.</param>
/// <param name="Warnings">What a person should be warned of.</param>
public sealed record PromptSets(IPromptSet Training, IPromptSet? HeldOut, IReadOnlyList<string> Notes, IReadOnlyList<string> Warnings)
{
    /// <summary>What a report says that a person should be warned of: bad rows, and questions with two answers.</summary>
    internal static IEnumerable<string> WarningsOf(string name, PromptReport report)
    {
        if (report.Bad > 0)
            yield return $"{name}: {report.Bad} rows were skipped; the first: {report.BadRows[0]}";
        if (report.Conflicts > 0)
            yield return $"{name}: {report.Conflicts} rows repeat a question with another answer; the first row of each was kept";
    }
}
