using System.Text.Encodings.Web;
using System.Text.Json;
using Etr.Core.Files;
using Etr.Policy.Checkpoints;
using Etr.Policy.Tokenizers.ByteLevel;

namespace Etr.Policy.Tokenizers;

/// <summary>
/// Reads <c>tokenizer.json</c>, Hugging Face's format: byte-level BPE, or a <c>WordLevel</c> vocabulary behind a <c>Split</c> on the
/// pieces themselves, which it also writes.
/// </summary>
public static class TokenizerFile
{
    private const long LongestFile = 64_000_000;
    private static readonly JsonDocumentOptions Bounded = new() { MaxDepth = 32 };
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a tokenizer.</summary>
    /// <exception cref="CheckpointException">The file is missing, no JSON, or a tokenizer of a kind that is not read here.</exception>
    public static IPolicyTokenizer Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length > LongestFile)
            {
                throw new CheckpointException(path, null, $"at most {LongestFile} bytes", $"{stream.Length}");
            }

            using JsonDocument document = JsonDocument.Parse(stream, Bounded);
            return new TokenizerJson(path, "", document.RootElement) is var root && root["model"]["type"].AsText == "BPE"
                ? ByteLevelFile.Read(root)
                : FromJson(path, document.RootElement);
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, null, "valid JSON", e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable tokenizer", e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message, e);
        }
    }

    /// <summary>Writes a tokenizer.</summary>
    public static void Write(string path, PieceTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        DurableFile.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, Readable);
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            WriteSpecials(json, tokenizer);
            json.WriteNull("normalizer");
            json.WriteStartObject("pre_tokenizer");
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", tokenizer.Pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
            json.WriteStartObject("decoder");
            json.WriteString("type", "Fuse");
            json.WriteEndObject();
            json.WriteStartObject("model");
            json.WriteString("type", "WordLevel");
            json.WriteStartObject("vocab");
            foreach ((string text, int id) in tokenizer.Pieces.Concat(tokenizer.Specials).OrderBy(pair => pair.Value))
            {
                json.WriteNumber(text, id);
            }

            json.WriteEndObject();
            json.WriteString("unk_token", tokenizer.Specials.OrderBy(pair => pair.Value).Select(pair => pair.Key).FirstOrDefault(""));
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static void WriteSpecials(Utf8JsonWriter json, PieceTokenizer tokenizer)
    {
        json.WriteStartArray("added_tokens");
        foreach ((string text, int id) in tokenizer.Specials.OrderBy(pair => pair.Value))
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", text);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static PieceTokenizer FromJson(string path, JsonElement root)
    {
        string? kind = Member(Member(root, "model"), "type") is { ValueKind: JsonValueKind.String } type ? type.GetString() : null;
        if (kind != "WordLevel")
        {
            throw new CheckpointException(path, "model.type", "'BPE' or 'WordLevel'", kind is null ? "none" : $"'{kind}'");
        }

        if (Member(Member(root, "model"), "vocab") is not { ValueKind: JsonValueKind.Object } vocabulary)
        {
            throw new CheckpointException(path, "model.vocab", "an object of texts and ids", "none");
        }

        var specials = new Dictionary<string, int>(StringComparer.Ordinal);
        if (Member(root, "added_tokens") is { ValueKind: JsonValueKind.Array } added)
        {
            foreach (JsonElement token in added.EnumerateArray())
            {
                string content = Member(token, "content") is { ValueKind: JsonValueKind.String } text
                    ? text.GetString()!
                    : throw new CheckpointException(path, "added_tokens", "a 'content' in each", token.GetRawText());
                specials[content] = Id(path, content, Member(token, "id"));
            }
        }

        var pieces = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty piece in vocabulary.EnumerateObject())
        {
            int id = Id(path, piece.Name, piece.Value);
            if (!specials.ContainsKey(piece.Name))
            {
                pieces[piece.Name] = id;
            }
        }

        PieceTokenizer tokenizer;
        try
        {
            tokenizer = new PieceTokenizer(pieces, specials);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(path, "model.vocab", "distinct texts with distinct ids", e.Message, e);
        }

        // Only a split on the pieces themselves gives the reading that this tokenizer gives.
        string? pattern = Member(Member(Member(root, "pre_tokenizer"), "pattern"), "Regex") is { ValueKind: JsonValueKind.String } regex ? regex.GetString() : null;
        return pattern == tokenizer.Pattern
            ? tokenizer
            : throw new CheckpointException(path, "pre_tokenizer.pattern", "a Split on the vocabulary's pieces, longest first", pattern is null ? "none" : $"'{pattern}'");
    }

    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out JsonElement value) ? value : null;

    private static int Id(string path, string text, JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out int id) && id >= 0
            ? id
            : throw new CheckpointException(path, $"id of '{text}'", "a whole number from 0", value?.GetRawText() ?? "none");
}
