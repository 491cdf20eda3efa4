using System.Globalization;
using Etr.Core.Evaluation;
using Etr.Core.Statistics;
using Etr.Silo.Cli;

namespace Etr.Silo.Evaluation;

/// <summary>An evaluation beside one of another policy on the same prompts.</summary>
internal static class BaselineComparison
{
    /// <summary>Reads a baseline and checks that it was made on the same prompts, as far as their ids say.</summary>
    /// <exception cref="CommandFailure">There is no such file, it is no evaluation, or it is of other prompts.</exception>
    public static async Task<EvaluationPair> ReadAsync(string path, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        try
        {
            EvaluationPair baseline = await EvaluationFile.ReadAsync(path, cancellationToken)
                ?? throw new CommandFailure($"--baseline: there is no file {path}: make one with 'etr eval … --out {path}'");
            HashSet<string> asked = [.. ids];
            int both = baseline.Sampled.Rows.Count(row => asked.Contains(row.Id));
            return both == asked.Count && baseline.Sampled.Rows.Count == asked.Count
                ? baseline
                : throw new CommandFailure($"--baseline: {path} has {baseline.Sampled.Rows.Count} prompts, of which {both} are among the {asked.Count} asked here: lengths and accuracies compare on the same prompts alone");
        }
        catch (InvalidDataException e)
        {
            throw new CommandFailure($"--baseline: {e.Message}", inner: e);
        }
    }

    /// <summary>AES of an evaluation against a baseline: null where one of them lacks it.</summary>
    public static double? Aes(EvaluationResult? baseline, EvaluationResult? found) =>
        baseline is null || found is null ? null : EfficiencyScore.Of(baseline.All.Length, baseline.All.Accuracy, found.All.Length, found.All.Accuracy);

    /// <summary>Says what changed.</summary>
    public static void Write(Terminal terminal, string path, EvaluationPair baseline, EvaluationPair found)
    {
        Write(terminal, $"against {path}", baseline.Sampled, found.Sampled);
        if (baseline.Greedy is not null && found.Greedy is not null)
            Write(terminal, "greedy", baseline.Greedy, found.Greedy);
        if (baseline.Sampled.Temperature != found.Sampled.Temperature || baseline.Sampled.Samples != found.Sampled.Samples)
            terminal.Warn(string.Create(CultureInfo.InvariantCulture, $"the baseline has {baseline.Sampled.Samples} samples at temperature {baseline.Sampled.Temperature}, this {found.Sampled.Samples} at {found.Sampled.Temperature}: AES compares like with like alone"));
    }

    private static void Write(Terminal terminal, string what, EvaluationResult before, EvaluationResult after)
    {
        double change = before.All.Length > 0 ? after.All.Length / before.All.Length - 1 : 0;
        string aes = Aes(before, after) is double score ? score.ToString("0.000", CultureInfo.InvariantCulture) : "- (the baseline has no right answer)";
        terminal.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: accuracy {before.All.Accuracy:0.000} -> {after.All.Accuracy:0.000}, length {before.All.Length:0.0} -> {after.All.Length:0.0} ({100 * change:+0.0;-0.0;0.0} %), AES {aes}"));
    }
}
