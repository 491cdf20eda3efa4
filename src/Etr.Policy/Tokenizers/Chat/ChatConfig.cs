using System.Text.Json;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Tokenizers.Chat;

/// <summary>
/// What <c>tokenizer_config.json</c> says of conversations: the template (or beside it, as <c>chat_template.jinja</c>), and the texts
/// of the tokens that it names. Everything else in the file is left alone; nothing in it is run but the template, by the evaluator.
/// </summary>
/// <param name="Template">The template; null where the model brings none.</param>
/// <param name="Tokens">Texts of <c>bos_token</c>, <c>eos_token</c> and <c>pad_token</c>, those there are.</param>
/// <param name="AddsBegin">Whether text without a template begins with <c>bos_token</c>; null where the file does not say.</param>
public sealed record ChatConfig(ChatTemplate? Template, IReadOnlyDictionary<string, string> Tokens, bool? AddsBegin)
{
    /// <summary>Name of the configuration.</summary>
    public const string FileName = Etr.Core.Policies.PolicyManifest.TokenizerConfigFile;

    /// <summary>Name of a template in a file of its own.</summary>
    public const string TemplateFileName = Etr.Core.Policies.PolicyManifest.ChatTemplateFile;

    private const long LongestFile = 16_000_000;
    private static readonly JsonDocumentOptions Bounded = new() { MaxDepth = 32 };

    /// <summary>Reads a model's folder; what is not there says nothing.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="withTemplate">Whether the template is to be read; else it may be one that is not known here.</param>
    /// <exception cref="CheckpointException">A file is there and is too large or not as it should be.</exception>
    public static ChatConfig Read(string folder, bool withTemplate = true)
    {
        string path = Path.Combine(folder, FileName);
        string beside = Path.Combine(folder, TemplateFileName);
        string? separate = withTemplate && File.Exists(beside) ? System.Text.Encoding.UTF8.GetString(ReadFile(beside)) : null;
        if (!File.Exists(path))
            return new ChatConfig(ReadTemplate(beside, null, separate), new Dictionary<string, string>(), null);
        try
        {
            using JsonDocument document = JsonDocument.Parse(ReadFile(path), Bounded);
            var root = new TokenizerJson(path, "", document.RootElement);
            string? own = withTemplate ? Source(root["chat_template"]) : null;
            TokenizerJson adds = root["add_bos_token"];
            return new ChatConfig(
                separate is null ? ReadTemplate(path, "chat_template", own) : ReadTemplate(beside, null, separate), TokensOf(root), adds.IsThere ? adds.Flag : null);
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, null, "valid JSON", e.Message, e);
        }
    }

    // One template, or several with a name each, of which "default" is the one for plain conversations.
    private static string? Source(TokenizerJson template) =>
        !template.IsThere ? null
        : template.Json.ValueKind != JsonValueKind.Array ? template.Text()
        : template.Items().Where(item => item["name"].AsText == "default").Select(item => item["template"].Text()).FirstOrDefault()
            ?? throw template.Wrong("one named 'default'");

    private static Dictionary<string, string> TokensOf(TokenizerJson root)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in (string[])["bos_token", "eos_token", "pad_token"])
        {
            TokenizerJson token = root[name];
            if (token.IsThere)
                tokens[name] = token.AsText ?? token["content"].Text();
        }

        return tokens;
    }

    private static ChatTemplate? ReadTemplate(string path, string? place, string? source)
    {
        if (source is null)
            return null;
        try
        {
            return new ChatTemplate(source);
        }
        catch (ChatTemplateException e)
        {
            throw new CheckpointException(path, place, "a chat template of the kind that is read here (or Etr:Policy:Template=none, or the name of one)", e.Message, e);
        }
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length > LongestFile)
                throw new CheckpointException(path, null, $"at most {LongestFile} bytes", $"{stream.Length}");
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable file", e.Message, e);
        }
    }
}
