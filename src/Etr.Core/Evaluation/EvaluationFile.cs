using System.Text.Json;
using Etr.Core.Files;

namespace Etr.Core.Evaluation;

/// <summary>The stored form of an evaluation: JSON with names in camel case.</summary>
public static class EvaluationFile
{
    private const long MaximumBytes = 256L << 20;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes one, whole or not at all.</summary>
    public static Task WriteAsync(string path, EvaluationPair evaluation, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(path, JsonSerializer.SerializeToUtf8Bytes(evaluation, Options), cancellationToken);

    /// <summary>Reads one; null where there is no such file.</summary>
    /// <exception cref="InvalidDataException">The file is not an evaluation.</exception>
    public static async Task<EvaluationPair?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        return Exists(path) ? Parse(path, await File.ReadAllBytesAsync(path, cancellationToken)) : null;
    }

    /// <summary>Reads one; null where there is no such file.</summary>
    /// <exception cref="InvalidDataException">The file is not an evaluation.</exception>
    public static EvaluationPair? Read(string path) => Exists(path) ? Parse(path, File.ReadAllBytes(path)) : null;

    private static bool Exists(string path)
    {
        var file = new FileInfo(path);
        if (file.Exists && file.Length > MaximumBytes)
            throw new InvalidDataException($"{path} is larger than any evaluation.");
        return file.Exists;
    }

    private static EvaluationPair Parse(string path, byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<EvaluationPair>(json, Options) is { Sampled.Rows: not null } evaluation
                ? evaluation
                : throw new InvalidDataException($"{path} is empty.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is not an evaluation: {exception.Message}", exception);
        }
    }
}
