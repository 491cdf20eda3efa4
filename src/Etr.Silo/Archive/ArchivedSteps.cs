using System.Globalization;
using Etr.Grains.Runs;
using Parquet.Schema;

namespace Etr.Silo.Archive;

/// <summary>
/// Rows of the archive's steps: the columns of <c>steps.csv</c>, but for those that are only known later (evaluations, alarms). Numbers are
/// doubles; what is empty there is null.
/// </summary>
internal static class ArchivedSteps
{
    private const string Word = "policy_sha256";

    /// <summary>Columns and rows.</summary>
    public static (ParquetSchema Schema, List<IDictionary<string, object?>> Rows) Of(IReadOnlyList<StepSummary> steps)
    {
        string[] shapers = [.. steps.SelectMany(step => step.Shapers).Select(shaper => shaper.Name).Distinct(StringComparer.Ordinal)];
        string[] names = [.. StepColumns.NamesWith(shapers)];
        int[] kept = [.. Enumerable.Range(0, names.Length).Where(column => names[column] != "alarms" && !names[column].StartsWith("held_out_", StringComparison.Ordinal))];
        var schema = new ParquetSchema([.. kept.Select(column => names[column] == Word ? (Field)new DataField<string>(Word) : new DataField<double?>(names[column]))]);
        return (schema, [.. steps.Select(Row)]);

        IDictionary<string, object?> Row(StepSummary summary)
        {
            string[] fields = [.. StepColumns.Fields(new StepRow(summary, null, []), shapers)];
            return kept.ToDictionary(column => names[column], column => Value(names[column], fields[column]));
        }
    }

    private static object? Value(string name, string field) =>
        field.Length == 0 ? null : name == Word ? field : double.Parse(field, CultureInfo.InvariantCulture);
}
