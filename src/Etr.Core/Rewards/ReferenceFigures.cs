using Etr.Core.Evaluation;

namespace Etr.Core.Rewards;

/// <summary>What the reference policy does on a prompt.</summary>
/// <param name="Length">L0, mean tokens a trace, above 0.</param>
/// <param name="Accuracy">A0, share of right traces, 0 to 1.</param>
public readonly record struct ReferenceFigure(double Length, double Accuracy)
{
    internal bool IsUsable => Length > 0 && double.IsFinite(Length) && Accuracy is >= 0 and <= 1;
}

/// <summary>
/// The reference policy's mean length and accuracy by prompt: those of an evaluation (<c>etr eval --out FILE</c> of the training
/// prompts), and one pair for every prompt that is not in it.
/// </summary>
public sealed class ReferenceFigures
{
    private readonly IReadOnlyDictionary<string, ReferenceFigure> _byPrompt;
    private readonly ReferenceFigure? _otherwise;

    private ReferenceFigures(IReadOnlyDictionary<string, ReferenceFigure> byPrompt, ReferenceFigure? otherwise) =>
        (_byPrompt, _otherwise) = (byPrompt, otherwise);

    /// <summary>The same figures for every prompt.</summary>
    /// <exception cref="ArgumentException">They are out of range.</exception>
    public static ReferenceFigures Everywhere(ReferenceFigure figure) => new(new Dictionary<string, ReferenceFigure>(), Checked(figure, "every prompt"));

    /// <summary>The figures of an evaluation.</summary>
    /// <param name="evaluation">What <c>etr eval</c> found at the run's temperature; its prompts' ids are the training prompts'.</param>
    /// <param name="otherwise">For prompts that are not in it; null where there are none for them.</param>
    /// <exception cref="ArgumentException">A figure is out of range, or a prompt is there twice.</exception>
    public static ReferenceFigures Of(EvaluationResult evaluation, ReferenceFigure? otherwise = null)
    {
        ArgumentNullException.ThrowIfNull(evaluation);
        var figures = new Dictionary<string, ReferenceFigure>(StringComparer.Ordinal);
        foreach (var row in evaluation.Rows)
        {
            if (!figures.TryAdd(row.Id, Checked(new ReferenceFigure(row.Length, row.Accuracy), $"prompt '{row.Id}'")))
                throw new ArgumentException($"The reference figures name prompt '{row.Id}' twice.", nameof(evaluation));
        }

        return new ReferenceFigures(figures, otherwise is { } figure ? Checked(figure, "every other prompt") : null);
    }

    /// <summary>Whether a prompt has figures.</summary>
    public bool Has(string promptId) => _otherwise is not null || _byPrompt.ContainsKey(promptId);

    /// <summary>A prompt's figures.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    public ReferenceFigure Of(string promptId) => _byPrompt.TryGetValue(promptId, out var figure)
        ? figure
        : _otherwise ?? throw new InvalidOperationException($"There are no reference figures of prompt '{promptId}'.");

    private static ReferenceFigure Checked(ReferenceFigure figure, string of) => figure.IsUsable
        ? figure
        : throw new ArgumentException($"The reference figures of {of} are a length above 0 and an accuracy from 0 to 1, not {figure.Length} and {figure.Accuracy}.", nameof(figure));
}
