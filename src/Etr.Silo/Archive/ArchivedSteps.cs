using System.Globalization;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Parquet.Schema;

namespace Etr.Silo.Archive;

/// <summary>
/// Rows of the archive's steps: the columns of <c>steps.csv</c>, but for those that are only known later (evaluations, alarms), and the whole
/// summary, for the dashboard's history. Numbers are doubles; what is empty there is null.
/// </summary>
internal static class ArchivedSteps
{
    /// <summary>The column that holds a step's summary as its manifest has it.</summary>
    public const string Summary = "summary";

    private const string Word = "policy_sha256";

    /// <summary>Columns and rows.</summary>
    public static (ParquetSchema Schema, List<IDictionary<string, object?>> Rows) Of(IReadOnlyList<StepSummary> steps)
    {
        string[] shapers = [.. steps.SelectMany(step => step.Shapers).Select(shaper => shaper.Name).Distinct(StringComparer.Ordinal)];
        string[] names = [.. StepColumns.NamesWith(shapers).Where(name => name != "alarms" && !name.StartsWith("held_out_", StringComparison.Ordinal))];
        var schema = new ParquetSchema([.. names.Select(name => name == Word ? (Field)new DataField<string>(Word) : new DataField<double?>(name)), new DataField<string>(Summary)]);
        return (schema, [.. steps.Select(Row)]);

        IDictionary<string, object?> Row(StepSummary summary) =>
            StepColumns.Fields(new StepRow(summary, null, []), shapers).Where(field => names.Contains(field.Name)).Select(field => (field.Name, Value(field.Name, field.Value)))
                .Append((Summary, StepManifest.TextOf(summary))).ToDictionary();
    }

    private static object? Value(string name, string? field) =>
        field is null ? null : name == Word ? field : double.Parse(field, CultureInfo.InvariantCulture);
}
