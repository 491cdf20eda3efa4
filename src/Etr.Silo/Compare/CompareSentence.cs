using System.Globalization;
using Etr.Core.Statistics;

namespace Etr.Silo.Compare;

/// <summary>What an arm did, in words made from its numbers.</summary>
internal static class CompareSentence
{
    private const string Baseline = "outcome";

    /// <summary>Says it: against the arm's own start and, where it was run, against plain GRPO at the same seeds.</summary>
    public static string Of(ArmFigures arm, IReadOnlyList<ArmFigures> arms)
    {
        ConfidenceInterval length = arm.Change(held => held.Length);
        if (length.Count == 0)
            return $"`{arm.Name}`: not evaluated.";
        ConfidenceInterval accuracy = Points(arm.Change(held => held.Accuracy));
        string from = Number(arm.Before(held => held.Length).Mean, "0.0"), to = Number(arm.After(held => held.Length).Mean, "0.0");
        string verdict = length.Sign switch
        {
            < 0 => "shortens",
            > 0 => "lengthens",
            0 => "has no effect on length",
            null => "has one seed, so there is no interval and no verdict",
        };
        string sentence = $"`{arm.Name}` {verdict}: {from} → {to} tokens ({CompareReport.Text(length, "+0.0;-0.0;0.0")}); {Accuracy(accuracy)}; AES {CompareReport.Text(arm.Over(run => run.Aes), "0.00")}.";
        return arms.FirstOrDefault(other => other.Name == Baseline) is { } baseline && baseline.Name != arm.Name
            ? $"{sentence}{Against(arm, baseline)}"
            : sentence;
    }

    private static string Against(ArmFigures arm, ArmFigures baseline)
    {
        ConfidenceInterval length = arm.Against(baseline, held => held.Length);
        if (length.Count == 0)
            return "";
        ConfidenceInterval accuracy = Points(arm.Against(baseline, held => held.Accuracy));
        string seeds = length.Count == 1 ? "the one seed of both" : $"the {length.Count} seeds of both";
        string verdict = length.Sign switch
        {
            < 0 => "shorter by ",
            > 0 => "longer by ",
            0 => "no different in length, ",
            null => "",
        };
        string tokens = length.Sign is -1 or 1 ? CompareReport.Text(length with { Mean = Math.Abs(length.Mean) }, "0.0") : CompareReport.Text(length, "+0.0;-0.0;0.0");
        return $" Against `{Baseline}` at {seeds}: {verdict}{tokens} tokens; {Accuracy(accuracy)}.";
    }

    private static string Accuracy(ConfidenceInterval points)
    {
        string by = $"{CompareReport.Text(points, "+0.0;-0.0;0.0")} points";
        return points.Sign switch
        {
            < 0 => $"accuracy down ({by})",
            > 0 => $"accuracy up ({by})",
            0 => $"accuracy unchanged ({by})",
            null => $"accuracy {by}",
        };
    }

    private static ConfidenceInterval Points(ConfidenceInterval share) => new(share.Count, 100 * share.Mean, 100 * share.HalfWidth);

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
