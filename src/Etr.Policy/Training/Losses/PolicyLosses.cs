using Etr.Core.Training;

namespace Etr.Policy.Training.Losses;

/// <summary>The policy losses by name, and what a configuration comes to once the loss has filled its blanks.</summary>
public static class PolicyLosses
{
    private static readonly IPolicyLoss[] Catalogue =
        [new GrpoLoss(), new DapoLoss(), new DrGrpoLoss(), new GspoLoss(), new CispoLoss(), new SapoLoss()];

    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Catalogue.Select(loss => loss.Name)];

    /// <summary>The loss of a name.</summary>
    /// <exception cref="ArgumentException">There is none of that name; the message lists them.</exception>
    public static IPolicyLoss Find(string name) => Catalogue.FirstOrDefault(loss => loss.Name == name)
        ?? throw new ArgumentException($"loss '{name}' is none of {string.Join(", ", Names)}", nameof(name));

    /// <summary>Fills what the options leave blank with the loss's own. Doing so again changes nothing.</summary>
    /// <exception cref="ArgumentException">A name is unknown, or a clip is set for a loss that has none.</exception>
    public static TrainingOptions Resolve(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        LossDefaults own = Find(options.Loss).Defaults;
        Refuse(options.Loss, "lower clip range", own.ClipLow, options.ClipLow);
        Refuse(options.Loss, "upper clip range", own.ClipHigh, options.ClipHigh);
        Refuse(options.Loss, "dual clip", own.DualClip, options.DualClip is 0.0 ? null : options.DualClip);
        string aggregation = options.Aggregation.Length > 0 ? options.Aggregation : own.Aggregation;
        _ = LossAggregation.Parse(aggregation);
        return options with
        {
            Aggregation = aggregation,
            ClipLow = options.ClipLow ?? own.ClipLow,
            ClipHigh = options.ClipHigh ?? own.ClipHigh,
            DualClip = options.DualClip ?? own.DualClip,
        };
    }

    /// <summary>The clip range of resolved options; without bounds where the loss has none.</summary>
    public static ClipRange Clip(TrainingOptions resolved)
    {
        ArgumentNullException.ThrowIfNull(resolved);
        return new ClipRange(resolved.ClipLow ?? 1.0, resolved.ClipHigh ?? double.PositiveInfinity, resolved.DualClip ?? 0.0);
    }

    // A bound that would be read by nobody is a mistake its writer should hear of.
    private static void Refuse(string loss, string what, double? own, double? set)
    {
        if (own is null && set is not null)
            throw new ArgumentException($"loss '{loss}' has no {what}: leave it empty");
    }
}
