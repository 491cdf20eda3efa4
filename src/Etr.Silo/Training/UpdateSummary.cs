using System.Globalization;
using Etr.Core.Training;

namespace Etr.Silo.Training;

/// <summary>The policy update as it was resolved, in a summary. Its member names are an interface; null is a loss without a clip.</summary>
internal sealed record UpdateSummary(
    string Loss,
    string Aggregation,
    double? ClipLow,
    double? ClipHigh,
    double? DualClip,
    string Correction,
    string Kl,
    double KlCoefficient,
    double EntropyCoefficient,
    double? EntropyTarget,
    int MiniBatches,
    int Epochs,
    int LoraRank)
{
    /// <summary>Reads resolved options.</summary>
    public static UpdateSummary Of(TrainingOptions resolved) => new(
        resolved.Loss, resolved.Aggregation, resolved.ClipLow, resolved.ClipHigh, resolved.DualClip, resolved.Correction, resolved.Kl,
        resolved.KlCoefficient, resolved.EntropyCoefficient, resolved.EntropyTarget, resolved.MiniBatches, resolved.Epochs, resolved.Lora.Rank);

    /// <summary>The update in a line, for people.</summary>
    public override string ToString()
    {
        string clip = ClipLow is null && ClipHigh is null ? "no clip"
            : string.Create(CultureInfo.InvariantCulture, $"clip {ClipLow}/{ClipHigh}{(DualClip > 0 ? $", dual clip {DualClip}" : "")}");
        string target = EntropyTarget is null ? "" : string.Create(CultureInfo.InvariantCulture, $" towards {EntropyTarget} nats");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Loss}, {Aggregation}, {clip}, correction {Correction}, KL {Kl} × {KlCoefficient}, entropy bonus {EntropyCoefficient}{target}, {MiniBatches} mini-batches × {Epochs} epochs{(LoraRank > 0 ? $", adapters of rank {LoraRank}" : "")}");
    }
}
