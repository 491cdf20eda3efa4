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
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        if (file.Length > MaximumBytes)
            throw new InvalidDataException($"{path} is larger than any evaluation.");
        try
        {
            return JsonSerializer.Deserialize<EvaluationPair>(await File.ReadAllBytesAsync(path, cancellationToken), Options)
                ?? throw new InvalidDataException($"{path} is empty.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is not an evaluation: {exception.Message}", exception);
        }
    }
}
