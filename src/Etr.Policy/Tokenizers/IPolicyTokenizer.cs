using Etr.Policy.Tokenizers.Chat;

namespace Etr.Policy.Tokenizers;

/// <summary>Turns text into a policy's token ids and back.</summary>
public interface IPolicyTokenizer
{
    /// <summary>Number of ids, special ones included.</summary>
    int VocabularySize { get; }

    /// <summary>Tokens that end a sequence according to the tokenizer's own files; a model's configuration may name more.</summary>
    IReadOnlyList<int> EndTokens => [];

    /// <summary>The ids of a text, all of it plain: no special token is added, and none is read out of the text.</summary>
    /// <exception cref="ArgumentException">The text holds something the vocabulary has no token for, or is too long.</exception>
    IReadOnlyList<int> Encode(string text);

    /// <summary>The ids of a text, added and special tokens recognised where it is control; none is added.</summary>
    /// <exception cref="ArgumentException">The text holds something the vocabulary has no token for, or is too long.</exception>
    IReadOnlyList<int> Encode(MarkedText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(text.Text);
    }

    /// <summary>What the model reads before it answers a prompt: the template around it where there is one, else what begins a sequence.</summary>
    /// <param name="text">The prompt, plain text.</param>
    /// <param name="begin">The token that begins a sequence according to the model's configuration, if one does.</param>
    /// <exception cref="ArgumentException">The text holds something the vocabulary has no token for, is too long, or is refused by the template.</exception>
    IReadOnlyList<int> EncodePrompt(string text, int? begin) => begin is int token ? [token, .. Encode(text)] : Encode(text);

    /// <summary>The ids of a text that stands by itself, with what begins a sequence before it and no template around it.</summary>
    /// <inheritdoc cref="EncodePrompt" path="/param|/exception"/>
    IReadOnlyList<int> EncodeSequence(string text, int? begin) => EncodePrompt(text, begin);

    /// <summary>What the model reads before it answers a conversation.</summary>
    /// <param name="messages">The conversation, oldest first.</param>
    /// <param name="begin">As in <see cref="EncodePrompt"/>.</param>
    /// <exception cref="ArgumentException">The template refuses it; or there is none, and it is more than one user's message.</exception>
    IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages, int? begin)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return messages is [{ Role: "user" } only]
            ? EncodePrompt(only.Content, begin)
            : throw new ArgumentException("the policy has no chat template, so a conversation is one message of a user", nameof(messages));
    }

    /// <summary>
    /// The text of one token by itself; empty for a special token or an id the vocabulary leaves free. Bytes that are no whole
    /// character show as U+FFFD: <see cref="TokenText"/> puts such tokens together.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    string TextOf(int id);

    /// <summary>The UTF-8 bytes of a token that is not whole characters; empty where <see cref="TextOf"/> says all.</summary>
    ReadOnlyMemory<byte> PartOf(int id) => default;

    /// <summary>The text of a sequence; special tokens add nothing.</summary>
    string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new TokenText(this);
        return string.Concat(ids.Select(text.Append).ToArray()) + text.Finish();
    }
}
