namespace Etr.Core.Grading;

/// <summary>Compares the answer of a response with the gold answer. Bounded in time and memory, whatever it is given.</summary>
public interface IAnswerGrader
{
    /// <summary>What configuration and reports call it.</summary>
    string Name { get; }

    /// <summary>Grades a response.</summary>
    /// <param name="response">The whole response.</param>
    /// <param name="gold">The gold answer.</param>
    /// <returns>The verdict.</returns>
    Verdict Grade(string response, string gold);

    /// <summary>Grades a response without holding the caller's thread; the program's own graders need no other.</summary>
    /// <inheritdoc cref="Grade" path="/param|/returns"/>
    ValueTask<Verdict> GradeAsync(string response, string gold) => new(Grade(response, gold));
}
