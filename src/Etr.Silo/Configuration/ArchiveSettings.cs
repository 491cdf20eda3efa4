using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary><c>Etr:Archive</c>: what is kept of runs as Parquet (docs/archive.md). Host settings: they never change what a run computes.</summary>
public sealed record ArchiveSettings
{
    /// <summary>Whether this silo writes archives of the runs whose directory it sees. The default value is true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Share of the traces that are kept, 0 to 1; which, is a function of ordinal and slot alone. The default value is 1.</summary>
    [Range(0.0, 1.0)]
    public double Traces { get; init; } = 1.0;

    /// <summary>MiB of the groups' files at which a part is closed. The default value is 16.</summary>
    [Range(1, 256)]
    public int PartMegabytes { get; init; } = 16;

    /// <summary>Most MiB that a run's archive takes: the oldest parts go first, the newest stays; 0 for no limit. The default value is 2,048.</summary>
    [Range(0, 1 << 24)]
    public int MaximumMegabytes { get; init; } = 2048;

    /// <summary>
    /// Archived steps whose groups (<c>groups/</c>) and gaps (<c>gaps/</c>) stay beside the archive; those of older ones go, and their traces are
    /// in the archive alone. 0 keeps all. The default value is 0.
    /// </summary>
    [Range(0, 1_000_000)]
    public int RecordSteps { get; init; }

    /// <summary>Days after which a part goes; 0 for never. The default value is 0.</summary>
    [Range(0, 36_500)]
    public int Days { get; init; }
}
