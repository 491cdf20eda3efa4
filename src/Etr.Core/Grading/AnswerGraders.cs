namespace Etr.Core.Grading;

/// <summary>The answer graders by name.</summary>
public static class AnswerGraders
{
    /// <summary>By meaning: for mathematics in LaTeX or plain text. The default.</summary>
    public static IAnswerGrader Equivalence { get; } = new EquivalenceGrader();

    /// <summary>By the characters of the last \boxed{…}, as the released code does; the <c>reference</c> preset's.</summary>
    public static IAnswerGrader Boxed { get; } = new BoxedGrader();

    /// <summary>By the last line "answer=…": the built-in task's.</summary>
    public static IAnswerGrader FinalLine { get; } = new FinalLineGrader();

    private static readonly IAnswerGrader[] Catalogue = [Equivalence, Boxed, FinalLine];

    /// <summary>Every name, the default first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Catalogue.Select(grader => grader.Name)];

    /// <summary>Looks a grader up.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The grader; it holds no state and may be shared.</returns>
    /// <exception cref="ArgumentException">There is none of that name; the message lists them.</exception>
    public static IAnswerGrader Find(string name) =>
        Catalogue.FirstOrDefault(grader => string.Equals(grader.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"There is no answer grader '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
}
