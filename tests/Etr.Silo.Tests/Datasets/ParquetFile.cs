using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace Etr.Silo.Tests.Datasets;

/// <summary>Parquet files of a test, as other programs write them.</summary>
internal static class ParquetFile
{
    private static readonly ParquetSchema Verl = new(
        new DataField<string>("data_source"),
        new ListField("prompt", new StructField("element", new DataField<string>("content"), new DataField<string>("role"))),
        new StructField("reward_model", new DataField<string>("ground_truth"), new DataField<string>("style")),
        new StructField("extra_info", new DataField<long?>("index"), new DataField<string>("split")));

    private static readonly ParquetSchema DeepMath = new(
        new DataField<string>("question"), new DataField<string>("final_answer"), new DataField<double?>("difficulty"), new DataField<string>("topic"), new DataField<string>("r1_solution_1"));

    /// <summary>Rows as verl prepares them; a null question has no messages.</summary>
    public static Task WriteVerlAsync(string path, params (string? Question, string? Answer)[] rows) => WriteAsync(path, Verl, 2, [.. rows.Select((row, index) => new Dictionary<string, object?>
    {
        ["data_source"] = "openai/gsm8k",
        ["prompt"] = row.Question is null ? null : new List<IDictionary<string, object?>>
        {
            new Dictionary<string, object?> { ["content"] = "Be brief.", ["role"] = "system" },
            new Dictionary<string, object?> { ["content"] = row.Question, ["role"] = "user" },
        },
        ["reward_model"] = row.Answer is null ? null : new Dictionary<string, object?> { ["ground_truth"] = row.Answer, ["style"] = null },
        ["extra_info"] = new Dictionary<string, object?> { ["index"] = (long)index, ["split"] = "train" },
    })]);

    /// <summary>Rows of DeepMath-103K.</summary>
    public static Task WriteDeepMathAsync(string path, CompressionMethod compression, params (string Question, string Answer, double? Difficulty)[] rows) => WriteAsync(
        path,
        DeepMath,
        3,
        [.. rows.Select(row => new Dictionary<string, object?>
        {
            ["question"] = row.Question,
            ["final_answer"] = row.Answer,
            ["difficulty"] = row.Difficulty,
            ["topic"] = "Calculus",
            ["r1_solution_1"] = new string('x', 1000),
        })],
        compression);

    private static async Task WriteAsync(string path, ParquetSchema schema, int groupSize, IReadOnlyCollection<IDictionary<string, object?>> rows, CompressionMethod compression = CompressionMethod.Snappy)
    {
        await using FileStream stream = File.Create(path);
        await ParquetSerializer.SerializeUntypedAsync(
            rows, schema, stream, new ParquetOptions { RowGroupSize = groupSize, CompressionMethod = compression }, cancellationToken: TestContext.Current.CancellationToken);
    }
}
