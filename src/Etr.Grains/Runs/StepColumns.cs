using System.Globalization;

namespace Etr.Grains.Runs;

/// <summary>A committed step and what the run found of it later.</summary>
/// <param name="Summary">The step.</param>
/// <param name="Evaluation">The evaluation of the policy that it made; null where there is none yet.</param>
/// <param name="Alarms">What guards found after it.</param>
internal sealed record StepRow(StepSummary Summary, RunEvaluation? Evaluation, IReadOnlyList<RunAlarm> Alarms);

/// <summary>
/// The columns of a run's <c>steps.csv</c>, by name (docs/metrics.md says what each means). A figure that is undefined or not known is an
/// empty field; numbers are invariant and read back as they were.
/// </summary>
internal static class StepColumns
{
    private static readonly (string Name, Func<StepRow, string> Of)[] Fixed =
    [
        ("step", row => Whole(row.Summary.Step)),
        ("applied", row => row.Summary.Applied ? "1" : "0"),
        ("accuracy", row => Number(row.Summary.Accuracy)),
        ("length", row => Number(row.Summary.Length)),
        ("length_p95", row => Number(row.Summary.LengthP95)),
        ("truncated", row => Number(row.Summary.Truncated)),
        ("reward", row => Number(row.Summary.Reward)),
        ("trend", row => Number(row.Summary.Trend)),
        ("r_trend_length", row => Number(row.Summary.TrendLengthCorrelation)),
        ("h1", row => Number(row.Summary.FirstStepEntropy)),
        ("step_entropy", row => Number(row.Summary.StepEntropy)),
        ("rho_step_entropy", row => Number(row.Summary.Spearman)),
        ("reasoning_steps", row => Number(row.Summary.ReasoningSteps)),
        ("groups", row => Whole(row.Summary.Ordinals.Count)),
        ("all_right", row => Whole(row.Summary.AllRight)),
        ("mixed", row => Whole(row.Summary.Mixed)),
        ("all_wrong", row => Whole(row.Summary.AllWrong)),
        ("zero_advantage", row => Whole(row.Summary.ZeroAdvantage)),
        ("trend_off", row => Number(row.Summary.TrendOff)),
        ("unscorable", row => Whole(row.Summary.Unscorable)),
        ("loss", row => Number(row.Summary.Loss)),
        ("gradient_norm", row => Number(row.Summary.GradientNorm)),
        ("learning_rate", row => Number(row.Summary.LearningRate)),
        ("rate_factor", row => Number(row.Summary.RateFactor)),
        ("kl", row => Number(row.Summary.Kl)),
        ("clipped", row => Number(row.Summary.Clipped)),
        ("sampler_gap", row => Number(row.Summary.SamplerGap)),
        ("staleness", row => Number(row.Summary.Staleness)),
        ("staleness_maximum", row => Whole(row.Summary.StalenessMaximum)),
        ("sampled_tokens", row => Whole(row.Summary.SampledTokens)),
        ("trained_tokens", row => Whole(row.Summary.TrainedTokens)),
        ("rollout_seconds", row => Number(row.Summary.RolloutSeconds)),
        ("grade_seconds", row => Number(row.Summary.GradeSeconds)),
        ("grade_tail_seconds", row => Number(row.Summary.GradeTailSeconds)),
        ("train_seconds", row => Number(row.Summary.TrainSeconds)),
        ("commit_seconds", row => Number(row.Summary.CommitSeconds)),
        ("policy_sha256", row => row.Summary.PolicySha256),
        ("held_out_accuracy", row => Number(row.Evaluation?.Accuracy)),
        ("held_out_accuracy_low", row => Number(row.Evaluation?.AccuracyLow)),
        ("held_out_accuracy_high", row => Number(row.Evaluation?.AccuracyHigh)),
        ("held_out_length", row => Number(row.Evaluation?.Length)),
        ("held_out_r_trend_length", row => Number(row.Evaluation?.TrendLengthCorrelation)),
        ("held_out_failure", row => row.Evaluation?.Failure ?? ""),
        ("alarms", row => string.Join(' ', row.Alarms.Select(alarm => $"{alarm.Guard}={alarm.Action}"))),
    ];

    /// <summary>Names of the columns that every run has, in their order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Fixed.Select(column => column.Name)];

    /// <summary>The first line, without its end.</summary>
    /// <param name="shapers">The shapers of the run's reward, monitors included: two columns each, after the others.</param>
    public static string Header(IEnumerable<string> shapers) => Line(NamesWith(shapers));

    /// <summary>The names of all columns of a run with these shapers.</summary>
    public static IEnumerable<string> NamesWith(IEnumerable<string> shapers) => [.. Names, .. shapers.SelectMany(name => new[] { $"reward[{name}]", $"r_length[{name}]" })];

    /// <summary>A step's line, without its end.</summary>
    /// <param name="row">The step.</param>
    /// <param name="shapers">The shapers in the header's order; one that the step does not know has empty fields.</param>
    public static string Line(StepRow row, IEnumerable<string> shapers) => Line(Fields(row, shapers).Select(field => field.Value ?? ""));

    /// <summary>A step's fields by the header's names, numbers as text; null for an empty one.</summary>
    /// <param name="row">The step.</param>
    /// <param name="shapers">The shapers in the header's order.</param>
    public static IEnumerable<(string Name, string? Value)> Fields(StepRow row, IEnumerable<string> shapers)
    {
        IEnumerable<string> values =
            [.. Fixed.Select(column => column.Of(row)), .. shapers.SelectMany(name => FiguresOf(row.Summary.Shapers.FirstOrDefault(shaper => shaper.Name == name)))];
        return NamesWith(shapers).Zip(values, (name, value) => (name, value.Length == 0 ? null : value));
    }

    private static string[] FiguresOf(ShaperSummary? shaper) => [Number(shaper?.Reward), Number(shaper?.LengthCorrelation)];

    private static string Line(IEnumerable<string> fields) => string.Join(',', fields.Select(Field));

    // RFC 4180, but a line stays a line: what begins a row anew must be found by looking for line ends.
    private static string Field(string text)
    {
        string line = text.ReplaceLineEndings(" ");
        return line.AsSpan().IndexOfAny(',', '"') < 0 ? line : $"\"{line.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Number(double? value) => value is { } number && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "";
}
