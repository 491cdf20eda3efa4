using System.Text.Json;
using Etr.Core.Runs;

namespace Etr.Core.Prompts;

/// <summary>The layouts that are known by name (docs/data.md has the table).</summary>
internal static class RowLayouts
{
    private static readonly (string Name, Func<JsonElement, RowLayout?> Fit)[] Known =
    [
        ("verl", Verl), ("gpqa", MultipleChoice.Fit), ("deepmath", DeepMath), ("gsm8k", Gsm8k), ("math", Math), ("plain", Plain),
    ];

    /// <summary>Members that some layout looks at, by the first of their names.</summary>
    public static IReadOnlyCollection<string> Members { get; } =
    [
        "prompt", "reward_model", "extra_info", "data_source", "question", "problem", "answer", "final_answer", "solution", "id", "unique_id", "subject", "category", "topic",
        "type", "difficulty", "level", .. MultipleChoice.Members,
    ];

    /// <summary>Members that settings name, by the first of their names.</summary>
    public static IReadOnlyCollection<string> Named(DatasetOptions options) =>
        [.. new[] { options.Prompt, options.Answer, options.Id, options.Category, options.Difficulty }.Where(name => name.Length > 0).SelectMany(name => new[] { name, name.Split('.')[0] }).Distinct()];

    /// <summary>The layout that a row is of; null where it fits none.</summary>
    /// <param name="row">The row.</param>
    /// <param name="options">Names a layout, or members in its place.</param>
    public static RowLayout? Of(JsonElement row, DatasetOptions options)
    {
        RowLayout? layout = Known
            .Where(known => options.Layout == "auto" || options.Layout == known.Name)
            .Select(known => known.Fit(row))
            .FirstOrDefault(fit => fit is not null);
        if (layout is null && options is not { Prompt.Length: > 0, Answer.Length: > 0 })
            return null;
        return WithNamed(layout ?? OfColumns(row, new RowField(options.Prompt), new RowField(options.Answer), "plain") with { Name = "columns" }, options, row);
    }

    private static RowLayout WithNamed(RowLayout layout, DatasetOptions options, JsonElement first)
    {
        if (options.Prompt.Length > 0)
        {
            var field = new RowField(options.Prompt);
            layout = layout with { Question = row => field.OnlyText(row) ?? UserMessage(field.Of(row)), QuestionRule = $"'{field}' is a text that is not empty" };
        }

        if (options.Answer.Length > 0 || options.AnswerForm.Length > 0)
        {
            RowField field = options.Answer.Length > 0 ? new RowField(options.Answer) : RowField.Find(first, "answer", "final_answer", "solution") ?? new RowField("answer");
            (Func<JsonElement, string?> find, string rule) = RowLayout.AnswerOf(field, options.AnswerForm);
            layout = layout with { Answer = find, AnswerRule = rule };
        }

        if (options.Id.Length > 0)
        {
            var id = new RowField(options.Id);
            layout = layout with { Id = row => IdOf(id, row) };
        }

        if (options.Category.Length > 0)
            layout = layout with { Category = new RowField(options.Category).Text };
        if (options.Difficulty.Length > 0)
            layout = layout with { Difficulty = new RowField(options.Difficulty).Number };
        return layout;
    }

    private static RowLayout? DeepMath(JsonElement row) =>
        RowField.Find(row, "question") is { } question && RowField.Find(row, "final_answer") is { } answer
            ? OfColumns(row, question, answer, "plain") with { Name = "deepmath" }
            : null;

    private static RowLayout? Gsm8k(JsonElement row) =>
        RowField.Find(row, "question") is { } question && RowField.Find(row, "answer") is { } answer && RowLayout.HasMark(answer.Text(row))
            ? OfColumns(row, question, answer, "hashes") with { Name = "gsm8k" }
            : null;

    private static RowLayout? Math(JsonElement row) =>
        RowField.Find(row, "answer") is null && RowField.Find(row, "problem") is { } problem && RowField.Find(row, "solution") is { } solution
            ? OfColumns(row, problem, solution, "boxed") with { Name = "math" }
            : null;

    private static RowLayout? Plain(JsonElement row)
    {
        RowField? question = RowField.Find(row, "problem", "question", "prompt");
        return question is not null && RowField.Find(row, "answer") is { } answer ? OfColumns(row, question, answer, "plain") : null;
    }

    private static RowLayout OfColumns(JsonElement row, RowField question, RowField answer, string form)
    {
        (Func<JsonElement, string?> find, string rule) = RowLayout.AnswerOf(answer, form);
        var layout = new RowLayout("plain", question.OnlyText, $"'{question}' is a text that is not empty", find, rule);
        // A row may lack what the first one has, and the other way round.
        RowField[] ids = Optional(row, "id", "unique_id"), categories = Optional(row, "subject", "category", "topic", "type"), difficulties = Optional(row, "difficulty", "level");
        return layout with
        {
            Id = one => First(ids, field => IdOf(field, one)),
            Category = one => First(categories, field => field.Text(one)),
            Difficulty = one => difficulties[0].Number(one) ?? difficulties[1].Number(one),
        };
    }

    private static RowField[] Optional(JsonElement row, params string[] names) => [.. names.Select(name => RowField.Find(row, name) ?? new RowField(name))];

    private static string? First(RowField[] fields, Func<RowField, string?> read)
    {
        foreach (RowField field in fields)
        {
            if (read(field) is { } text)
                return text;
        }

        return null;
    }

    private static string? IdOf(RowField field, JsonElement row) => field.Of(row).ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => null,
        _ => field.Text(row) ?? "",
    };

    private static RowLayout? Verl(JsonElement row)
    {
        if (!row.TryGetProperty("prompt", out JsonElement prompt) || prompt.ValueKind != JsonValueKind.Array || !row.TryGetProperty("reward_model", out _))
            return null;
        var truth = new RowField("reward_model.ground_truth");
        RowField source = new("data_source"), split = new("extra_info.split"), index = new("extra_info.index");
        return new RowLayout(
            "verl", one => UserMessage(new RowField("prompt").Of(one)), "'prompt' is a list with one user message, and perhaps a system message before it",
            truth.Text, $"'{truth}' is a text or number that is not empty")
        {
            Id = one => index.Text(one) is { } number ? string.Join('/', new[] { source.Text(one), split.Text(one), number }.Where(part => !string.IsNullOrEmpty(part))) : null,
            Category = source.Text,
            Difficulty = new RowField("extra_info.difficulty").Number,
        };
    }

    // A conversation of several turns is no prompt of ours: an answer in it would be somebody else's.
    private static string? UserMessage(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() is not (1 or 2))
            return null;
        var content = new RowField("content");
        var role = new RowField("role");
        JsonElement last = messages[messages.GetArrayLength() - 1];
        if (last.ValueKind != JsonValueKind.Object || role.OnlyText(last) != "user" || string.IsNullOrWhiteSpace(content.OnlyText(last)))
            return null;
        if (messages.GetArrayLength() == 1)
            return content.OnlyText(last);
        return messages[0].ValueKind == JsonValueKind.Object && role.OnlyText(messages[0]) == "system" ? $"{content.OnlyText(messages[0])}\n\n{content.OnlyText(last)}" : null;
    }
}

/// <summary>Members of rows that some layout looks at.</summary>
public static class PromptMembers
{
    /// <summary>Their names, where one is inside another that of the outermost.</summary>
    public static IReadOnlyCollection<string> All => RowLayouts.Members;
}
