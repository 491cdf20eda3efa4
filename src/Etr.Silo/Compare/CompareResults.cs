using System.Globalization;
using System.Text.Json;
using Etr.Core.Files;
using Etr.Silo.Cli;

namespace Etr.Silo.Compare;

/// <summary>All finished runs of a comparison: <c>results.json</c>. Its member names are an interface.</summary>
internal sealed record CompareResults
{
    /// <summary>What the file says it is.</summary>
    public const string FormatName = "etr-compare";

    /// <summary>The version of the format that is written.</summary>
    public const int CurrentVersion = 1;

    private const long LargestFile = 512L << 20;
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>What the file is: <c>etr-compare</c>.</summary>
    public string Format { get; init; } = FormatName;

    /// <summary>The version of the format.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The runs, arm by arm, seeds ascending.</summary>
    public required IReadOnlyList<CompareRun> Runs { get; init; }

    /// <summary>Gathers every finished run of a folder, and those of its <c>results.json</c> whose folders are not there any more.</summary>
    /// <param name="folder">The comparison's folder.</param>
    /// <param name="order">Names of arms that come first, in this order.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CommandFailure">A file is not what it should be.</exception>
    public static async Task<CompareResults> GatherAsync(string folder, IReadOnlyList<string> order, CancellationToken cancellationToken)
    {
        CompareResults? before = await ReadAsync(folder, cancellationToken);
        var runs = new Dictionary<(string Arm, int Seed), CompareRun>();
        foreach (CompareRun run in before?.Runs ?? [])
            runs[(run.Arm, run.Seed)] = run;
        foreach ((string arm, int seed, JobFolder job) in Folders(folder))
        {
            if (job.IsFinished)
                runs[(arm, seed)] = await ReadRunAsync(arm, seed, job, cancellationToken);
            else
                runs.Remove((arm, seed));
        }

        string[] first = [.. order, .. before?.Runs.Select(run => run.Arm) ?? []];
        int Place(string arm) => Array.IndexOf(first, arm) is >= 0 and int place ? place : int.MaxValue;
        return new CompareResults
        {
            Runs = [.. runs.Values.OrderBy(run => Place(run.Arm)).ThenBy(run => run.Arm, StringComparer.Ordinal).ThenBy(run => run.Seed)],
        };
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    public Task WriteAsync(string folder, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(FileIn(folder), JsonSerializer.SerializeToUtf8Bytes(this, Options), cancellationToken);

    /// <summary>Reads a folder's file; null where there is none.</summary>
    /// <exception cref="CommandFailure">It is not one, or of a version this program does not know.</exception>
    public static async Task<CompareResults?> ReadAsync(string folder, CancellationToken cancellationToken)
    {
        var file = new FileInfo(FileIn(folder));
        if (!file.Exists)
            return null;
        try
        {
            CompareResults? read = file.Length <= LargestFile
                ? JsonSerializer.Deserialize<CompareResults>(await File.ReadAllBytesAsync(file.FullName, cancellationToken), Options)
                : throw new JsonException("it is too large");
            return read is { Format: FormatName, Version: CurrentVersion }
                ? read
                : throw new CommandFailure($"{file.FullName} is {read?.Format} version {read?.Version}; this program reads {FormatName} version {CurrentVersion}: move it away", ExitCodes.Failed);
        }
        catch (JsonException e)
        {
            throw new CommandFailure($"{file.FullName} cannot be read ({e.Message}): move it away, and it is made again from the runs", ExitCodes.Failed, e);
        }
    }

    private static string FileIn(string folder) => Path.Combine(folder, "results.json");

    private static async Task<CompareRun> ReadRunAsync(string arm, int seed, JobFolder job, CancellationToken cancellationToken)
    {
        try
        {
            return await CompareRun.ReadAsync(arm, seed, job, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new CommandFailure(e.Message, ExitCodes.Failed, e);
        }
    }

    private static IEnumerable<(string Arm, int Seed, JobFolder Job)> Folders(string folder)
    {
        string runs = Path.Combine(folder, JobFolder.Runs);
        if (!Directory.Exists(runs))
            yield break;
        foreach (string arm in Directory.EnumerateDirectories(runs).Order(StringComparer.Ordinal))
        {
            foreach (string seed in Directory.EnumerateDirectories(arm))
            {
                if (int.TryParse(Path.GetFileName(seed), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                    yield return (Path.GetFileName(arm), number, new JobFolder(seed));
            }
        }
    }
}
