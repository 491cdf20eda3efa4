using System.Globalization;
using System.Text.Json;

namespace Etr.Core.Prompts;

/// <summary>A member of a row: by its name, or by the names that lead to it, with points between.</summary>
internal sealed class RowField
{
    private readonly string _name;
    private readonly string[] _steps;

    public RowField(string name) => (_name, _steps) = (name, name.Split('.'));

    /// <summary>The member's name, as messages have it.</summary>
    public override string ToString() => _name;

    /// <summary>The first of some names that a row has, in the row's own spelling; null where it has none.</summary>
    public static RowField? Find(JsonElement row, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            foreach (JsonProperty member in row.EnumerateObject())
            {
                if (string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase))
                    return new RowField(member.Name);
            }
        }

        return null;
    }

    /// <summary>The member; undefined where the row lacks it.</summary>
    public JsonElement Of(JsonElement row)
    {
        if (row.TryGetProperty(_name, out JsonElement whole))
            return whole;
        foreach (string step in _steps)
        {
            if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty(step, out row))
                return default;
        }

        return row;
    }

    /// <summary>A text, a number, or a list of just one of them; null for anything else.</summary>
    public string? Text(JsonElement row)
    {
        JsonElement value = Of(row);
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1)
            value = value[0];
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
    }

    /// <summary>A text; null for anything else.</summary>
    public string? OnlyText(JsonElement row) => Of(row) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>A number, or a text that ends in one, such as <c>Level 3</c>; null for anything else.</summary>
    public double? Number(JsonElement row)
    {
        JsonElement value = Of(row);
        if (value.ValueKind == JsonValueKind.Number)
            return value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null;
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: <= 100 } text)
            return null;
        return double.TryParse(text.AsSpan(text.LastIndexOf(' ') + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double last) && double.IsFinite(last) ? last : null;
    }
}
