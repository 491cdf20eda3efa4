namespace Etr.Core.Evaluation;

/// <summary>One evaluation: figures over everything, a category, a prompt.</summary>
public sealed record EvaluationResult
{
    /// <summary>Temperature its traces were drawn at; 0 is greedy.</summary>
    public required double Temperature { get; init; }

    /// <summary>Traces a prompt.</summary>
    public required int Samples { get; init; }

    /// <summary>Over all traces.</summary>
    public required EvaluationFigures All { get; init; }

    /// <summary>Over the traces of each category, by its name; empty where prompts have none.</summary>
    public required IReadOnlyDictionary<string, EvaluationFigures> ByCategory { get; init; }

    /// <summary>A row for each prompt, in the order of the set.</summary>
    public required IReadOnlyList<EvaluationRow> Rows { get; init; }

    internal static EvaluationResult Of(EvaluationPlan plan, IReadOnlyList<EvaluatedPrompt> prompts) => new()
    {
        Temperature = plan.Sampling.Temperature,
        Samples = plan.Samples,
        All = EvaluationFigures.Of(prompts),
        ByCategory = prompts.Where(prompt => prompt.Item.Category is not null)
            .GroupBy(prompt => prompt.Item.Category!, StringComparer.Ordinal)
            .OrderBy(category => category.Key, StringComparer.Ordinal)
            .ToDictionary(category => category.Key, category => EvaluationFigures.Of([.. category]), StringComparer.Ordinal),
        Rows = [.. prompts.Select(EvaluationRow.Of)],
    };
}

/// <summary>An evaluation at the run's temperature, and the greedy one beside it.</summary>
/// <param name="Sampled">At the run's temperature.</param>
/// <param name="Greedy">Greedy; null where it was not asked for.</param>
public sealed record EvaluationPair(EvaluationResult Sampled, EvaluationResult? Greedy)
{
    /// <summary>AES against the baseline that was named, of the traces at the run's temperature; null where none was, or it is undefined.</summary>
    public double? Aes { get; init; }
}
