using System.Globalization;

namespace Etr.Silo.Compare;

/// <summary>An arm with a seed: one run, in a folder of its own.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Out">The folder of the whole comparison.</param>
internal sealed record CompareJob(PlannedArm Arm, int Seed, string Out)
{
    /// <summary>Its folder.</summary>
    public JobFolder Folder => new(Path.Combine(Out, JobFolder.Runs, Arm.Name, Seed.ToString(CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public override string ToString() => $"{Arm.Name} seed {Seed}";
}

/// <summary>Where things lie in a job's folder, <c>OUT/runs/ARM/SEED</c>.</summary>
/// <param name="Path">The folder.</param>
internal sealed record JobFolder(string Path)
{
    /// <summary>The folder that holds all of them.</summary>
    public const string Runs = "runs";

    /// <summary>What came of the run; there once it has ended.</summary>
    public string Summary => System.IO.Path.Combine(Path, "summary.json");

    /// <summary>Data directory of its process.</summary>
    public string Data => System.IO.Path.Combine(Path, "data");

    /// <summary>What it was started with, and how long it has taken.</summary>
    public string Job => System.IO.Path.Combine(Path, "job.json");

    /// <summary>What its processes wrote.</summary>
    public string Log => System.IO.Path.Combine(Path, "train.log");

    /// <summary>Whether the run has ended.</summary>
    public bool IsFinished => File.Exists(Summary);

    /// <summary>The run that was begun here; null where none was.</summary>
    public string? Begun()
    {
        string runs = System.IO.Path.Combine(Data, "runs");
        return Directory.Exists(runs)
            ? Directory.EnumerateDirectories(runs).Where(run => File.Exists(System.IO.Path.Combine(run, "configuration.json"))).Select(System.IO.Path.GetFileName).Max(StringComparer.Ordinal)
            : null;
    }

    /// <summary>The step manifests of a run.</summary>
    public string Steps(string run) => System.IO.Path.Combine(Data, "runs", run, "steps");
}
