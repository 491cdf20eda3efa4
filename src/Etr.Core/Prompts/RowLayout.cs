using System.Text.Json;
using Etr.Core.Grading;

namespace Etr.Core.Prompts;

/// <summary>Where the rows of a file have their question, answer and the rest.</summary>
/// <param name="Name">Its name in docs/data.md.</param>
/// <param name="Question">Finds the question; null where the row has none.</param>
/// <param name="QuestionRule">What a question is, for a row without.</param>
/// <param name="Answer">Finds the gold answer; null where the row has none.</param>
/// <param name="AnswerRule">What an answer is, for a row without.</param>
internal sealed record RowLayout(string Name, Func<JsonElement, string?> Question, string QuestionRule, Func<JsonElement, string?> Answer, string AnswerRule)
{
    private const int MaxIdLength = 200;
    private const string Mark = "####";

    /// <summary>Finds the id; null where the row has none, empty where it has one that can't be used.</summary>
    public Func<JsonElement, string?> Id { get; init; } = _ => null;

    /// <summary>Finds the category; null where the row has none.</summary>
    public Func<JsonElement, string?> Category { get; init; } = _ => null;

    /// <summary>Finds the difficulty; null where the row has none.</summary>
    public Func<JsonElement, double?> Difficulty { get; init; } = _ => null;

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="bare">Whether category and difficulty are left out.</param>
    public RowReading Read(ReadOnlyMemory<byte> line, bool bare = false)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement, bare) : RowReading.Bad("a row is a JSON object");
        }
        catch (JsonException e)
        {
            return RowReading.Bad($"not JSON at byte {e.BytePositionInLine.GetValueOrDefault().ToString(System.Globalization.CultureInfo.InvariantCulture)}");
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a character: valid JSON, but no text.
            return RowReading.Bad("a text holds half of a surrogate pair");
        }
    }

    private RowReading Read(JsonElement row, bool bare)
    {
        string? id = Id(row);
        if (id is not null && (string.IsNullOrWhiteSpace(id) || id.Length > MaxIdLength))
            return RowReading.Bad($"'id' is a text or number of 1 to {MaxIdLength} characters");
        string? question = Question(row);
        if (string.IsNullOrWhiteSpace(question))
            return RowReading.Bad(QuestionRule);
        string? answer = Answer(row);
        return string.IsNullOrWhiteSpace(answer)
            ? RowReading.Bad(AnswerRule)
            : new RowReading(question, answer, id, bare ? null : Category(row), bare ? null : Difficulty(row), "");
    }

    /// <summary>How an answer is taken from a member.</summary>
    /// <param name="field">The member.</param>
    /// <param name="form"><c>plain</c>, <c>boxed</c> or <c>hashes</c>.</param>
    public static (Func<JsonElement, string?> Find, string Rule) AnswerOf(RowField field, string form) => form switch
    {
        "boxed" => (row => field.Text(row) is { } text ? BoxedAnswers.Last(text) : null, $"'{field}' has no \\boxed{{}} with an answer"),
        "hashes" => (row => field.Text(row) is { } text ? AfterMark(text) : null, $"'{field}' has no '{Mark}' with an answer after it"),
        _ => (field.Text, $"'{field}' is a text or number that is not empty"),
    };

    /// <summary>Whether an answer is written in GSM8K's way.</summary>
    public static bool HasMark(string? answer) => answer?.Contains(Mark, StringComparison.Ordinal) == true;

    private static string? AfterMark(string text)
    {
        int at = text.LastIndexOf(Mark, StringComparison.Ordinal);
        return at < 0 ? null : text[(at + Mark.Length)..].Trim().Replace(",", "", StringComparison.Ordinal);
    }
}

/// <summary>What a row says; without a question, why it can't be used.</summary>
internal readonly record struct RowReading(string? Question, string? Answer, string? Id, string? Category, double? Difficulty, string Reason)
{
    public static RowReading Bad(string reason) => new(null, null, null, null, null, reason);
}
