using System.Text;

namespace Etr.Policy.Tokenizers;

/// <summary>
/// The text of tokens as they come, one sequence for one object: each token gives the characters that it completes, so that no
/// UTF-8 character is ever split, and the pieces joined are the whole sequence's text.
/// </summary>
public sealed class TokenText(IPolicyTokenizer tokenizer)
{
    private Decoder? _decoder;
    private bool _pending;

    /// <summary>The characters that a token completes; empty where it leaves one unfinished. Bytes that are no UTF-8 become U+FFFD.</summary>
    public string Append(int id)
    {
        ReadOnlyMemory<byte> part = tokenizer.PartOf(id);
        string text = tokenizer.TextOf(id);
        if (part.IsEmpty && (!_pending || text.Length == 0))
            return text;
        return Decode(part.IsEmpty ? Encoding.UTF8.GetBytes(text) : part.Span, flush: false);
    }

    /// <summary>What is left of a character that was never finished: U+FFFD, or nothing.</summary>
    public string Finish() => _pending ? Decode([], flush: true) : "";

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        _decoder ??= Encoding.UTF8.GetDecoder();
        var characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        _decoder.Convert(bytes, characters, flush, out _, out int count, out _);
        // The decoder does not say whether it holds bytes back; what a flush would add does.
        _pending = !flush && _decoder.GetCharCount([], flush: true) > 0;
        return new string(characters, 0, count);
    }
}
