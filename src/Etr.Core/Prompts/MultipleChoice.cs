using System.Text.Json;

namespace Etr.Core.Prompts;

/// <summary>GPQA's rows: a question, its right answer and three wrong ones. The order of the letters is a function of the question.</summary>
internal static class MultipleChoice
{
    private const int Answers = 4;
    private static readonly string[] Columns = ["Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"];

    /// <summary>Members that are looked at.</summary>
    public static IReadOnlyList<string> Members { get; } = ["Question", .. Columns, "Record ID", "High-level domain"];

    /// <summary>The layout where the row is such a one.</summary>
    public static RowLayout? Fit(JsonElement row)
    {
        RowField? question = RowField.Find(row, "Question");
        RowField?[] answers = [.. Columns.Select(name => RowField.Find(row, name))];
        if (question is null || answers.Any(answer => answer is null))
            return null;
        return new RowLayout(
            "gpqa", one => Ask(one, question, answers!), $"'{question}' and its {Answers} answers are texts that are not empty",
            one => Letter(Place(one, question, 0)), "there is no right answer")
        {
            Id = new RowField("Record ID").Text,
            Category = new RowField("High-level domain").Text,
        };
    }

    private static string? Ask(JsonElement row, RowField question, RowField[] answers)
    {
        string?[] texts = [.. answers.Select(answer => answer.Text(row)?.Trim())];
        if (question.OnlyText(row) is not { } text || string.IsNullOrWhiteSpace(text) || texts.Any(string.IsNullOrEmpty))
            return null;
        var placed = new string[Answers];
        for (int answer = 0; answer < Answers; answer++)
            placed[Place(row, question, answer)] = texts[answer]!;
        return $"{text.Trim()}\n\n{string.Join('\n', placed.Select((answer, place) => $"{Letter(place)}. {answer}"))}";
    }

    // The place of an answer in the permutation that the question's hash names, of the 24 there are.
    private static int Place(JsonElement row, RowField question, int answer)
    {
        uint number = QuestionKey.Number(QuestionKey.Of(question.OnlyText(row) ?? ""), 0);
        var places = Enumerable.Range(0, Answers).ToList();
        for (int i = 0; ; i++)
        {
            int at = (int)(number % (uint)places.Count);
            number /= (uint)places.Count;
            if (i == answer)
                return places[at];
            places.RemoveAt(at);
        }
    }

    private static string Letter(int place) => ((char)('A' + place)).ToString();
}
