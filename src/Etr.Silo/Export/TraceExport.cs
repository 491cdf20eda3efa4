using System.Globalization;
using Etr.Core.Extensions;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Silo.Archive;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Training;

namespace Etr.Silo.Export;

/// <summary>Writes all that a run drew and trained on as Parquet: its archive, every trace of it, wherever one wants it.</summary>
internal static class TraceExport
{
    private static readonly ArchiveSettings Everything = new() { MaximumMegabytes = 0, PartMegabytes = 64 };

    /// <summary>Writes the folder.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">Where; it is empty or not there yet.</param>
    /// <param name="cancellationToken">Ends the work between steps.</param>
    /// <exception cref="CommandFailure">The folder is not empty, or the run has no committed step.</exception>
    public static Written Write(StoredRun run, string folder, CancellationToken cancellationToken)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new CommandFailure($"{folder} is not empty: name a directory that is, or that is not there yet");
        int step = LastStep(Path.Combine(run.Directory, "steps"));
        if (step == 0)
            throw new CommandFailure($"{run.Name} has no committed step yet: there is nothing to write");
        var writer = new ArchiveWriter(new RunPlace(run.Name, run.Directory), folder, Rewards(run), Everything, TimeProvider.System);
        writer.Write(step, all: true, cancellationToken);
        return new Written(writer.Archived, writer.Lost);
    }

    // What was paid is in the record; the preset and the estimator are still asked for.
    private static RewardPlan Rewards(StoredRun run)
    {
        try
        {
            return RewardPlan.Of(run.Configuration());
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException or ExtensionException)
        {
            throw new CommandFailure($"the rewards of {run.Name} cannot be made again here: {e.Message}", inner: e);
        }
    }

    private static int LastStep(string folder) => !Directory.Exists(folder) ? 0 : Directory.EnumerateFiles(folder, "*.json")
        .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : 0)
        .DefaultIfEmpty(0).Max();

    /// <summary>What was written.</summary>
    /// <param name="Steps">Steps.</param>
    /// <param name="Lost">Groups whose file was gone.</param>
    public sealed record Written(int Steps, int Lost)
    {
        /// <summary>In words.</summary>
        public override string ToString() => $"{Steps} steps{(Lost > 0 ? $", {Lost} groups left out: their files are gone" : "")}";
    }
}
