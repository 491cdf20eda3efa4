using System.Text;

namespace Etr.Grains.Runs;

/// <summary>How large parts of an answer are in a message, so that no answer goes over a megabyte. Rather too much than too little.</summary>
internal static class MessageSize
{
    /// <summary>Bytes of an answer's parts at most; the rest of a megabyte is for what is around them.</summary>
    public const int Most = 900_000;

    // A tag and a number of any size; a tag and eight bytes; a tag and the length of what follows.
    private const int Whole = 12;
    private const int Real = 9;
    private const int Length = 8;

    /// <summary>Bytes of a step's summary.</summary>
    public static int Of(StepSummary step) => 560
        + Whole * (step.Ordinals.Count + step.StalenessCounts.Length)
        + Real * step.EntropyByStep.Length
        + Of(step.PolicySha256) + Of(step.PolicyFile) + Of(step.CheckpointFile) + Of(step.CheckpointSha256)
        + step.Shapers.Sum(shaper => 64 + Of(shaper.Name));

    /// <summary>Bytes of a round.</summary>
    public static int Of(RunRound round) => 112 + Real * round.StepEntropies.Length;

    private static int Of(string text) => Length + Encoding.UTF8.GetByteCount(text);
}
