using System.Text.Json;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Tokenizers;

/// <summary>An element of a tokenizer's files: it knows its place, and refuses by that name what is not as it should be.</summary>
/// <param name="Path">The file.</param>
/// <param name="Place">Where in it, such as <c>model.vocab</c>; empty for the root.</param>
/// <param name="Json">The element; undefined where there is none.</param>
internal readonly record struct TokenizerJson(string Path, string Place, JsonElement Json)
{
    private const int LongestExcerpt = 60;

    /// <summary>Whether there is something that is not null.</summary>
    public bool IsThere => Json.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>A member, which need not be there.</summary>
    public TokenizerJson this[string name] => new(
        Path, Place.Length == 0 ? name : $"{Place}.{name}",
        Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty(name, out JsonElement value) ? value : default);

    /// <summary>Its text; null where it is none.</summary>
    public string? AsText => Json.ValueKind == JsonValueKind.String ? Json.GetString() : null;

    /// <summary>Whether it is true; false where there is none.</summary>
    public bool Flag => Json.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False or JsonValueKind.Undefined or JsonValueKind.Null => false,
        _ => throw Wrong("true or false"),
    };

    /// <summary>Its text.</summary>
    public string Text() => AsText ?? throw Wrong("text");

    /// <summary>A token id.</summary>
    public int Id() => Json.ValueKind == JsonValueKind.Number && Json.TryGetInt32(out int id) && id >= 0 ? id : throw Wrong("a whole number from 0");

    /// <summary>The elements of a list; none where there is no list.</summary>
    public IEnumerable<TokenizerJson> Items()
    {
        if (!IsThere)
            yield break;
        if (Json.ValueKind != JsonValueKind.Array)
            throw Wrong("a list");
        int i = 0;
        foreach (JsonElement item in Json.EnumerateArray())
            yield return new TokenizerJson(Path, $"{Place}[{i++}]", item);
    }

    /// <summary>Refuses it unless it is absent, false, or empty text.</summary>
    public void MustBeOff()
    {
        if (IsThere && Json.ValueKind != JsonValueKind.False && AsText is not "" && !(Json.ValueKind == JsonValueKind.Number && Json.TryGetDouble(out double number) && number == 0))
            throw Wrong("none (this tokenizer does not do it)");
    }

    /// <summary>Says what was expected, and what is there, cut short.</summary>
    public CheckpointException Wrong(string expected, Exception? inner = null) => Wrong(expected, IsThere ? Json.GetRawText() : "none", inner);

    /// <summary>Says what was expected and what was found, cut short.</summary>
    public CheckpointException Wrong(string expected, string found, Exception? inner = null) =>
        new(Path, Place.Length == 0 ? null : Place, expected, found.Length > LongestExcerpt ? found[..LongestExcerpt] + "…" : found, inner);
}
