using Etr.Core.Grading;

namespace Etr.Core.Extensions;

/// <summary>A grader of the user's own. One that throws, hangs or answers nothing leaves its trace ungraded.</summary>
internal sealed class ExtensionGrader(string name, ExtensionCalls<IAnswerGrader> calls) : IAnswerGrader
{
    private const int MostCharacters = 1000;

    public string Name => name;

    /// <summary>Loads a grader.</summary>
    /// <exception cref="ExtensionException">It is not to be had.</exception>
    public static ExtensionGrader Load(string assembly, string typeName, ExtensionOptions options, TimeProvider time)
    {
        string name = $"type:{typeName}";
        return new ExtensionGrader(name, new ExtensionCalls<IAnswerGrader>($"grader {typeName}", ExtensionLoadContext.FactoryOf<IAnswerGrader>(assembly, typeName), options, time));
    }

    public Verdict Grade(string response, string gold) => GradeAsync(response, gold).AsTask().GetAwaiter().GetResult();

    public async ValueTask<Verdict> GradeAsync(string response, string gold)
    {
        try
        {
            Verdict verdict = await calls.CallAsync(grader => grader.Grade(response, gold)).ConfigureAwait(false)
                ?? throw new ExtensionException($"{name} answered nothing");
            return verdict with { Extracted = Bounded(verdict.Extracted), Reason = Bounded(verdict.Reason) ?? "" };
        }
        catch (ExtensionException exception)
        {
            return new Verdict(false, null, exception.Message) { Unscorable = true };
        }
    }

    private static string? Bounded(string? text) => text is { Length: > MostCharacters } ? text[..MostCharacters] : text;
}
