namespace Etr.Policy.Tokenizers.Chat;

/// <summary>
/// Templates by name, for models whose files bring none: each family's form of a conversation without tools. Where a model brings
/// its own, that is what it was trained with.
/// </summary>
public static class ChatTemplates
{
    // Every message between the same two tokens, its role in front.
    private const string Turns = """
        {% for message in messages %}{{ '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}{% endfor %}
        """;

    private const string Answer = """{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""";

    private static readonly Dictionary<string, string> Sources = new(StringComparer.Ordinal)
    {
        ["chatml"] = Turns + Answer,
        ["qwen2.5"] = """
            {% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}{% endif %}
            """ + Turns + Answer,
        ["qwen3"] = Turns + Answer,
        ["deepseek"] = """
            {{ bos_token }}{% for message in messages if message.role == 'system' %}{{ message.content }}{% endfor %}{% for message in messages %}{% if message.role == 'user' %}{{ '<｜User｜>' ~ message.content }}{% elif message.role == 'assistant' %}{{ '<｜Assistant｜>' ~ message.content ~ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}
            """,
        ["deepseek-r1"] = """
            {{ bos_token }}{% for message in messages if message.role == 'system' %}{{ message.content }}{% endfor %}{% for message in messages %}{% if message.role == 'user' %}{{ '<｜User｜>' ~ message.content }}{% elif message.role == 'assistant' %}{{ '<｜Assistant｜>' ~ message.content.split('</think>')[-1] ~ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\n' }}{% endif %}
            """,
        ["llama3"] = """
            {{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' ~ message.role ~ '<|end_header_id|>\n\n' ~ message.content | trim ~ '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}
            """,
    };

    // What bos_token and eos_token are where the tokenizer's files do not say.
    private static readonly Dictionary<string, (string Begin, string End)> Tokens = new(StringComparer.Ordinal)
    {
        ["chatml"] = ("", "<|im_end|>"),
        ["qwen2.5"] = ("", "<|im_end|>"),
        ["qwen3"] = ("", "<|im_end|>"),
        ["deepseek"] = ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        ["deepseek-r1"] = ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        ["llama3"] = ("<|begin_of_text|>", "<|eot_id|>"),
    };

    /// <summary>The names.</summary>
    public static IReadOnlyCollection<string> Names => Sources.Keys;

    /// <summary>The template of a name.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static ChatTemplate Find(string name) =>
        Sources.TryGetValue(name, out string? source) ? new ChatTemplate(source) : throw Unknown(name);

    /// <summary>The token that a template of a name begins with (empty where none), and the one that ends an answer.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static (string Begin, string End) TokensOf(string name) =>
        Tokens.TryGetValue(name, out (string, string) tokens) ? tokens : throw Unknown(name);

    private static ArgumentException Unknown(string name) => new($"no chat template '{name}': {string.Join(", ", Sources.Keys)}", nameof(name));
}
