using System.Text.Json;
using Etr.Core.Files;
using Etr.Core.Runs;
using Etr.Silo.Cli;

namespace Etr.Silo.Compare;

/// <summary>What a job was started with, and how long its processes have taken: <c>job.json</c> in its folder.</summary>
internal sealed record JobRecord
{
    private const int LargestFile = 1 << 20;
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The settings that were named, key and value, without the seed.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>The whole configuration as it is stored with a run, seed and threads left at 1 and 0: they are the job's, not the arm's.</summary>
    public required JsonElement Configuration { get; init; }

    /// <summary>Minutes of training after which it ends; null for all its steps.</summary>
    public double? Minutes { get; init; }

    /// <summary>Wall seconds of its processes so far.</summary>
    public double Seconds { get; init; }

    /// <summary>What a job of a plan is started with.</summary>
    public static JobRecord Of(CompareJob job, TimeSpan? limit) => new()
    {
        Settings = job.Arm.Settings,
        Configuration = JsonSerializer.Deserialize<JsonElement>(Compared(job.Arm.Configuration)),
        Minutes = limit?.TotalMinutes,
    };

    /// <summary>Reads a folder's; null where there is none.</summary>
    /// <exception cref="CommandFailure">The file is not one.</exception>
    public static JobRecord? Read(JobFolder folder)
    {
        var file = new FileInfo(folder.Job);
        if (!file.Exists)
            return null;
        try
        {
            return file.Length <= LargestFile ? JsonSerializer.Deserialize<JobRecord>(File.ReadAllBytes(folder.Job), Options) : throw new JsonException("it is too large");
        }
        catch (JsonException e)
        {
            throw new CommandFailure($"{folder.Job} is not the record of a run ({e.Message}): remove {folder.Path} and it is made again", inner: e);
        }
    }

    /// <summary>Whether a run made under these settings is one of the arm as it is planned now.</summary>
    public bool Fits(JobRecord planned)
    {
        try
        {
            return Minutes == planned.Minutes && Compared(RunConfigurationJson.Read(Configuration.GetRawText())) == Compared(RunConfigurationJson.Read(planned.Configuration.GetRawText()));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public Task WriteAsync(JobFolder folder, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(folder.Job, JsonSerializer.SerializeToUtf8Bytes(this, Options), cancellationToken);

    private static string Compared(RunConfiguration configuration) => RunConfigurationJson.Write(configuration with
    {
        Run = configuration.Run with { Seed = 1 },
        Policy = configuration.Policy with { Threads = 0 },
    });
}
