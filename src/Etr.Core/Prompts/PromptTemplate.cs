namespace Etr.Core.Prompts;

/// <summary>What a question is put into before a policy's chat template goes around it.</summary>
internal sealed class PromptTemplate
{
    private const string Place = "{prompt}";

    // arXiv 2604.05355, its training and evaluation prompts.
    private const string Boxed = "{prompt}\n\nPlease reason step by step, and put your final answer within \\boxed{}";
    private const string Choice = "{prompt}\n\nPlease reason step by step, and put the letter of your final answer, and nothing else, within \\boxed{}";

    private readonly string _before;
    private readonly string _after;

    private PromptTemplate(string text)
    {
        int at = text.IndexOf(Place, StringComparison.Ordinal);
        (_before, _after) = (text[..at], text[(at + Place.Length)..]);
    }

    /// <summary>Finds a template by its name, or takes a text with <c>{prompt}</c> in it.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static PromptTemplate Of(string text) => text switch
    {
        "none" or "" => new PromptTemplate(Place),
        "boxed" => new PromptTemplate(Boxed),
        "choice" => new PromptTemplate(Choice),
        _ when text.Contains(Place, StringComparison.Ordinal) => new PromptTemplate(text),
        _ => throw new ArgumentException($"A prompt template is none, boxed, choice, or a text with {Place} in it.", nameof(text)),
    };

    /// <summary>The prompt of a question.</summary>
    public string Render(string question) => _before.Length + _after.Length == 0 ? question : string.Concat(_before, question, _after);
}
