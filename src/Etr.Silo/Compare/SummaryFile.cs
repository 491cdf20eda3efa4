using System.Text.Json;
using Etr.Silo.Cli;

namespace Etr.Silo.Compare;

/// <summary>What a comparison reads of the file of <c>etr train --summary</c>.</summary>
internal sealed record SummaryFile
{
    private const long LargestFile = 16 << 20;
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>Policy updates made.</summary>
    public required int Steps { get; init; }

    /// <summary>The reward shaper.</summary>
    public required string Shaper { get; init; }

    /// <summary>The advantage estimator.</summary>
    public required string Estimator { get; init; }

    /// <summary>Held-out figures of the starting policy; null where nothing was held out.</summary>
    public HeldOut? Before { get; init; }

    /// <summary>Held-out figures of the trained policy.</summary>
    public HeldOut? After { get; init; }

    /// <summary>The accuracy–efficiency score.</summary>
    public double? Aes { get; init; }

    /// <summary>Reads one.</summary>
    /// <exception cref="CommandFailure">The file is not one.</exception>
    public static SummaryFile Read(string path)
    {
        try
        {
            return new FileInfo(path).Length <= LargestFile
                ? JsonSerializer.Deserialize<SummaryFile>(File.ReadAllBytes(path), Options) ?? throw new JsonException("it is empty")
                : throw new JsonException("it is too large");
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new CommandFailure($"{path} is not the summary of a run ({e.Message}): remove it, and 'etr compare' goes on with its run", ExitCodes.Failed, e);
        }
    }
}

/// <summary>Figures over held-out prompts, drawn at the run's temperature.</summary>
internal record HeldOutFigures
{
    /// <summary>Share of right traces (0 to 1).</summary>
    public required double Accuracy { get; init; }

    /// <summary>Mean tokens a trace.</summary>
    public required double Length { get; init; }

    /// <summary>Mean reasoning steps a trace.</summary>
    public required double Steps { get; init; }

    /// <summary>Mean Spearman ρ of step and step entropy; null where undefined.</summary>
    public double? Spearman { get; init; }

    /// <summary>Mean words a trace by which it doubts itself or checks again.</summary>
    public required double Reflections { get; init; }

    /// <summary>r(R, length) among right traces, within the groups of a prompt; null where undefined.</summary>
    public double? TrendLengthCorrelation { get; init; }

    /// <summary>Mean entropy of the first step (nats).</summary>
    public double H1 { get; init; }

    /// <summary>Tokens a reasoning step; null without steps.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public double? TokensPerStep => Steps > 0 ? Length / Steps : null;
}

/// <summary>An evaluation: over everything, and over each category.</summary>
internal sealed record HeldOut : HeldOutFigures
{
    /// <summary>Figures of each category, by its name; empty where prompts have none.</summary>
    public IReadOnlyDictionary<string, HeldOutFigures> ByCategory { get; init; } = new Dictionary<string, HeldOutFigures>();

    /// <summary>Figures of greedy traces of the same prompts; null where they were not asked for.</summary>
    public HeldOutFigures? Greedy { get; init; }
}
