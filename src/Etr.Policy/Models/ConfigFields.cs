using System.Globalization;
using System.Text.Json;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Models;

/// <summary>Reads fields of a model's configuration, each with its range.</summary>
internal sealed class ConfigFields
{
    private readonly string _path;
    private readonly JsonElement _root;
    private readonly string _prefix;

    /// <param name="path">The file, for messages.</param>
    /// <param name="root">The object whose fields are read.</param>
    /// <param name="prefix">What stands before a field's name in messages.</param>
    public ConfigFields(string path, JsonElement root, string prefix = "")
    {
        _path = path;
        _prefix = prefix;
        _root = root.ValueKind == JsonValueKind.Object
            ? root
            : throw new CheckpointException(path, null, "a JSON object", root.ValueKind.ToString());
    }

    public int Integer(string name, int low, int high, int? whereAbsent = null)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return whereAbsent ?? throw Wrong(name, $"a whole number from {low} to {high}", "no such field");
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= low && number <= high
            ? number
            : throw Wrong(name, $"a whole number from {low} to {high}", value.GetRawText());
    }

    public double Real(string name, double low, double high, double? whereAbsent = null)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return whereAbsent ?? throw Wrong(name, string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}"), "no such field");
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= low && number <= high
            ? number
            : throw Wrong(name, string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}"), value.GetRawText());
    }

    public bool Flag(string name) => TryGet(name, out JsonElement value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false", value.GetRawText()),
    };

    /// <summary>Whether the object has no field.</summary>
    public bool IsEmpty => !_root.EnumerateObject().Any();

    /// <summary>Whether a field is a text.</summary>
    public bool IsText(string name) => TryGet(name, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    /// <summary>A text; null where the field is absent.</summary>
    public string? Text(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, "a text", value.GetRawText());
    }

    /// <summary>An array of texts; empty where the field is absent.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(element => element.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(element => element.GetString()!)]
            : throw Wrong(name, "an array of texts", value.GetRawText());
    }

    /// <summary>The fields of an object; null where it is absent or false.</summary>
    public ConfigFields? Section(string name)
    {
        if (!TryGet(name, out JsonElement value) || value.ValueKind == JsonValueKind.False)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object ? new ConfigFields(_path, value, $"{_prefix}{name}.") : throw Wrong(name, "an object", value.GetRawText());
    }

    /// <summary>One token id or an array of them; empty where the field is absent.</summary>
    public IReadOnlyList<int> Tokens(string name, int vocabulary)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return [];
        }

        JsonElement[] elements = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return [.. elements.Select(element =>
            element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id >= 0 && id < vocabulary
                ? id
                : throw Wrong(name, $"token ids from 0 to {vocabulary - 1}", element.GetRawText()))];
    }

    public void Require(string name, string expected, string? whereAbsent = null)
    {
        string? found = TryGet(name, out JsonElement value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
            : whereAbsent;
        if (found != expected)
        {
            throw Wrong(name, $"'{expected}'", found is null ? "no such field" : $"'{found}'");
        }
    }

    public void RequireAbsentOrFalse(string name)
    {
        if (TryGet(name, out JsonElement value) && value.ValueKind != JsonValueKind.False)
        {
            throw Wrong(name, "none (this decoder does not do it)", value.GetRawText());
        }
    }

    private bool TryGet(string name, out JsonElement value) =>
        _root.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>What to throw where a field is not as it should be.</summary>
    public CheckpointException Wrong(string name, string expected, string found) => new(_path, _prefix + name, expected, found);
}
