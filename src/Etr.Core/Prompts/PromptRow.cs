using System.Globalization;
using System.Text.Json;
using Etr.Core.Tasks;

namespace Etr.Core.Prompts;

/// <summary>
/// One line of a prompt file: an object with <c>id, problem, answer</c>, and where known <c>difficulty</c> (or <c>level</c>)
/// and <c>subject</c>; other members are passed over.
/// </summary>
internal static class PromptRow
{
    private const int MaxIdLength = 200;

    /// <summary>Reads a line.</summary>
    /// <returns>The prompt, or null and the reason why it is none.</returns>
    public static (PromptItem? Item, string Reason) Read(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Read(document.RootElement)
                : (null, "a row is a JSON object");
        }
        catch (JsonException exception)
        {
            return (null, $"not JSON at byte {exception.BytePositionInLine.GetValueOrDefault().ToString(CultureInfo.InvariantCulture)}");
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a character: valid JSON, but no text.
            return (null, "a text holds half of a surrogate pair");
        }
    }

    private static (PromptItem? Item, string Reason) Read(JsonElement row)
    {
        var id = Text(row, "id");
        if (string.IsNullOrWhiteSpace(id) || id.Length > MaxIdLength)
            return (null, $"'id' is a text or number of 1 to {MaxIdLength} characters");
        var problem = row.TryGetProperty("problem", out var p) && p.ValueKind == JsonValueKind.String ? p.GetString() : null;
        if (string.IsNullOrWhiteSpace(problem))
            return (null, "'problem' is a text that is not empty");
        var answer = Text(row, "answer");
        if (string.IsNullOrWhiteSpace(answer))
            return (null, "'answer' is a text or number that is not empty");
        return (new PromptItem(id, problem, answer) { Category = Text(row, "subject"), Difficulty = Difficulty(row) }, "");
    }

    private static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        }
        : null;

    private static double? Difficulty(JsonElement row)
    {
        foreach (var name in (ReadOnlySpan<string>)["difficulty", "level"])
        {
            if (row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
                && value.TryGetDouble(out var number) && double.IsFinite(number))
                return number;
        }

        return null;
    }
}
