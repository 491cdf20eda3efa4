using Etr.Silo.Configuration;

namespace Etr.Silo.Training;

/// <summary>What <c>etr train</c> was asked for.</summary>
internal sealed record TrainRequest
{
    /// <summary>The settings; those of a resumed run come from the run.</summary>
    public required EtrSettings Settings { get; init; }

    /// <summary>Name of the run to go on with; null starts a new one.</summary>
    public string? Resume { get; init; }

    /// <summary>Whether the process ends with the run instead of keeping the dashboard up.</summary>
    public bool Exit { get; init; }

    /// <summary>Where the summary goes; null writes none.</summary>
    public string? Summary { get; init; }

    /// <summary>Whether log lines are written.</summary>
    public bool Verbose { get; init; }

    /// <summary>Time of training after which the run ends with what it has; null lets it make all its steps.</summary>
    public TimeSpan? Limit { get; init; }
}
