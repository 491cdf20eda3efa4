using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers.ByteLevel;

namespace Etr.Policy.Tokenizers.Chat;

/// <summary>
/// A model's tokenizer with what its other files say: prompts go through its chat template, and its end token ends a trace.
/// </summary>
public sealed class PromptTokenizer : IPolicyTokenizer
{
    private readonly ByteLevelTokenizer _inner;
    private readonly ChatTemplate? _template;
    private readonly Dictionary<string, string> _tokens;
    private readonly int? _begin;

    private PromptTokenizer(ByteLevelTokenizer inner, ChatTemplate? template, Dictionary<string, string> tokens, int? begin)
    {
        (_inner, _template, _tokens, _begin) = (inner, template, tokens, begin);
        EndTokens = tokens.TryGetValue("eos_token", out string? end) && inner.AddedTokenId(end) is int id ? [id] : [];
    }

    /// <inheritdoc/>
    public int VocabularySize => _inner.VocabularySize;

    /// <inheritdoc/>
    public IReadOnlyList<int> EndTokens { get; }

    /// <summary>Opens the tokenizer of a model's folder.</summary>
    /// <param name="folder">The folder, with <c>tokenizer.json</c> and perhaps <c>tokenizer_config.json</c> and <c>chat_template.jinja</c>.</param>
    /// <param name="template"><c>auto</c> (the model's own where it brings one), <c>none</c>, or one of <see cref="ChatTemplates.Names"/>.</param>
    /// <exception cref="CheckpointException">A file is missing or not as it should be, or the template's tokens are not the tokenizer's.</exception>
    /// <exception cref="ArgumentException">There is no template of that name.</exception>
    public static IPolicyTokenizer Open(string folder, string template)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(template);
        string path = Path.Combine(folder, ModelFiles.Tokenizer);
        bool named = template is not ("auto" or "none");
        IPolicyTokenizer tokenizer = TokenizerFile.Read(path);
        if (tokenizer is not ByteLevelTokenizer inner)
        {
            // A list of pieces, such as the shipped model's, has no conversations.
            return named ? throw new CheckpointException(path, "model.type", $"'BPE' for the chat template '{template}'", "'WordLevel'") : tokenizer;
        }

        ChatConfig config = ChatConfig.Read(folder, withTemplate: template == "auto");
        var tokens = new Dictionary<string, string>(config.Tokens, StringComparer.Ordinal);
        if (named)
        {
            (string begin, string end) = ChatTemplates.TokensOf(template);
            tokens["bos_token"] = begin;
            tokens["eos_token"] = end;
            foreach (string token in (string[])[begin, end])
            {
                if (token.Length > 0 && inner.AddedTokenId(token) is null)
                    throw new CheckpointException(path, "added_tokens", $"'{token}' for the chat template '{template}'", "none of that text");
            }
        }

        int? first = config.AddsBegin is false ? null
            : inner.BeginToken ?? (config.AddsBegin is true && tokens.TryGetValue("bos_token", out string? text) ? inner.AddedTokenId(text) : null);
        var result = new PromptTokenizer(inner, named ? ChatTemplates.Find(template) : config.Template, tokens, first);
        result.Try(folder);
        return result;
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text) => _inner.Encode(text);

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(MarkedText text) => _inner.Encode(text);

    /// <summary>The prompt as a user's message, ready for the answer; without a template, the prompt as it is.</summary>
    public IReadOnlyList<int> EncodePrompt(string text, int? begin) => EncodeChat([new ChatMessage("user", text)], begin);

    /// <inheritdoc/>
    public IReadOnlyList<int> EncodeSequence(string text, int? begin)
    {
        IReadOnlyList<int> ids = _inner.Encode(text);
        return _begin is int token ? [token, .. ids] : ids;
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages, int? begin)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (_template is not null)
            return _inner.Encode(_template.Render(messages, tokens: _tokens));
        return messages is [{ Role: "user" } only]
            ? EncodeSequence(only.Content, begin)
            : throw new ArgumentException("the policy has no chat template, so a conversation is one message of a user", nameof(messages));
    }

    /// <inheritdoc/>
    public string TextOf(int id) => _inner.TextOf(id);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> PartOf(int id) => _inner.PartOf(id);

    // Where a person reads the answer, and not first in a sampler.
    private void Try(string folder)
    {
        try
        {
            EncodePrompt("?", null);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(folder, "chat_template", "a template that renders a user's message (or Etr:Policy:Template=none, or the name of one)", e.Message, e);
        }
    }
}
