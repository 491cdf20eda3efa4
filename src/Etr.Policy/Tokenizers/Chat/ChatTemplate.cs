using Etr.Policy.Tokenizers.Chat.Jinja;

namespace Etr.Policy.Tokenizers.Chat;

/// <summary>
/// A chat template: the Jinja text that a model's files bring, read once. It is evaluated by this program's own evaluator, which
/// reaches nothing but the messages and has a budget for each rendering. Safe to use from many threads.
/// </summary>
public sealed class ChatTemplate
{
    private readonly IReadOnlyList<JinjaStatement> _body;

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <exception cref="ChatTemplateException">It has something that is not known here, or is too large or too deep.</exception>
    public ChatTemplate(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _body = JinjaParser.Read(source);
    }

    /// <summary>The text of a conversation, marked: what the template wrote is control, what messages hold is given.</summary>
    /// <param name="messages">The messages, oldest first.</param>
    /// <param name="addGenerationPrompt">Whether it ends with what an answer begins with.</param>
    /// <param name="tokens">Texts of the tokens that templates name: <c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c>.</param>
    /// <exception cref="ChatTemplateException">The template fails, refuses the messages, or costs more than its budget.</exception>
    public MarkedText Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true, IReadOnlyDictionary<string, string>? tokens = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = messages.Select(message => (object?)new JinjaObject()
                .With("role", MarkedText.Given(message.Role)).With("content", MarkedText.Given(message.Content))).ToList(),
            ["add_generation_prompt"] = addGenerationPrompt,
            ["tools"] = null,
            ["documents"] = null,
        };
        foreach ((string name, string token) in tokens ?? new Dictionary<string, string>())
            values[name] = MarkedText.Control(token);
        return JinjaEvaluator.Render(_body, values);
    }
}
