using System.Globalization;
using System.Text.Json;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Models;

/// <summary>Reads fields of a model's configuration, each with its range.</summary>
internal sealed class ConfigFields
{
    private readonly string _path;
    private readonly JsonElement _root;

    public ConfigFields(string path, JsonElement root)
    {
        _path = path;
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

    public double Real(string name, double low, double high, double whereAbsent)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return whereAbsent;
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

    private CheckpointException Wrong(string name, string expected, string found) => new(_path, name, expected, found);
}
