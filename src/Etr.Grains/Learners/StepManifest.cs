using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Etr.Core.Files;
using Etr.Grains.Runs;

namespace Etr.Grains.Learners;

/// <summary>
/// What a committed step was made of, as the run's directory keeps it: <c>steps/{n}.json</c>. With the groups' files it says
/// what was trained on without asking any grain.
/// </summary>
[GenerateSerializer, Immutable, Alias("etr.step-manifest")]
public sealed record StepManifest
{
    // 4,096 groups of 150 bytes, and room.
    private const long MaximumBytes = 16 << 20;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
    };

    private static readonly JsonSerializerOptions OneLine = new(Options) { WriteIndented = false };

    /// <summary>The step, from 1.</summary>
    [Id(0)] public required int Step { get; init; }

    /// <summary>Its groups, ascending by ordinal.</summary>
    [Id(1)] public required ManifestGroup[] Groups { get; init; }

    /// <summary>SHA-256 of the policy it published.</summary>
    [Id(2)] public required string PolicySha256 { get; init; }

    /// <summary>The step's summary.</summary>
    [Id(3)] public required StepSummary Summary { get; init; }

    /// <summary>The manifest's file.</summary>
    public static string PathOf(string stepsDirectory, int step) =>
        Path.Combine(stepsDirectory, step.ToString(CultureInfo.InvariantCulture) + ".json");

    /// <summary>Writes the manifest into the run's directory.</summary>
    public Task WriteAsync(string stepsDirectory, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(PathOf(stepsDirectory, Step), JsonSerializer.SerializeToUtf8Bytes(this, Options), cancellationToken);

    /// <summary>A summary as manifests have it, on one line.</summary>
    internal static string TextOf(StepSummary summary) => JsonSerializer.Serialize(summary, OneLine);

    /// <summary>Reads what <see cref="TextOf"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not a summary, or one that lacks a part.</exception>
    internal static StepSummary SummaryOf(ReadOnlySpan<char> text)
    {
        try
        {
            StepSummary? summary = JsonSerializer.Deserialize<StepSummary>(text, OneLine);
            bool whole = summary is { Ordinals: not null, EntropyByStep: not null, StalenessCounts: not null, PolicySha256: not null, PolicyFile: not null, CheckpointFile: not null, CheckpointSha256: not null, Shapers: not null }
                && Array.TrueForAll(summary.Shapers, shaper => shaper is { Name: not null });
            return whole ? summary! : throw new InvalidDataException("A step's summary lacks a part.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"It is not a step's summary: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a step's manifest; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is not a manifest.</exception>
    public static async Task<StepManifest?> ReadAsync(string stepsDirectory, int step, CancellationToken cancellationToken)
    {
        string path = PathOf(stepsDirectory, step);
        if (!File.Exists(path))
            return null;
        if (new FileInfo(path).Length > MaximumBytes)
            throw new InvalidDataException($"{path} is larger than any manifest.");
        try
        {
            byte[] json = await File.ReadAllBytesAsync(path, cancellationToken);
            return JsonSerializer.Deserialize<StepManifest>(json, Options);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is not a manifest: {exception.Message}", exception);
        }
    }
}

/// <summary>A group of a committed step.</summary>
/// <param name="Ordinal">Its ordinal.</param>
/// <param name="Prompt">The prompt's index.</param>
/// <param name="Round">The prompt's round.</param>
/// <param name="Sha256">SHA-256 of its body, which lies in <c>groups/{sha256}.bin</c>.</param>
[GenerateSerializer, Immutable, Alias("etr.manifest-group")]
public sealed record ManifestGroup(
    [property: Id(0)] long Ordinal,
    [property: Id(1)] int Prompt,
    [property: Id(2)] int Round,
    [property: Id(3)] string Sha256);
