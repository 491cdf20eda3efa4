using Etr.Core.Groups;
using Etr.Core.Training;
using Etr.Grains.Runs;

namespace Etr.Grains.Learners;

/// <summary>A trained and saved step on its way to being committed.</summary>
internal sealed record StepDraft(
    int Step,
    IReadOnlyList<GroupSubmission> Batch,
    IReadOnlyList<GroupBody> Groups,
    BatchStatistics Statistics,
    TrainingStep Trained,
    SavedPolicy Saved,
    double RolloutSeconds,
    double RateFactor,
    double GradeTailSeconds)
{
    /// <summary>SHA-256 of the file with its tokens' sampler–learner gaps; empty where they are not kept.</summary>
    public string GapsSha256 { get; init; } = "";

    private const int MostEnds = 64;
    private const int MostStalenesses = 17;

    /// <summary>The record that commits this step after <paramref name="before"/>.</summary>
    /// <param name="before">The record of the step before.</param>
    /// <param name="kept">Files of earlier steps that stay.</param>
    /// <param name="commitSeconds">How long writing took.</param>
    public LearnerRecord After(LearnerRecord before, KeptFiles[] kept, double commitSeconds)
    {
        var files = new KeptFiles(Step, Saved.Checkpoint.Path, Saved.Checkpoint.Sha256, Saved.Policy.Path, Saved.Policy.Sha256);
        long last = Batch[^1].Ordinal;
        return new LearnerRecord
        {
            Step = Step,
            Mark = last + 1,
            Kept = [.. kept, files],
            Ends = [.. before.Ends.TakeLast(MostEnds - 1), new StepEnd(Step, last)],
            Manifest = new StepManifest
            {
                Step = Step,
                Groups = [.. Batch.Select(group => new ManifestGroup(group.Ordinal, group.Prompt, group.Round, group.Sha256))],
                PolicySha256 = Saved.Policy.Sha256,
                Summary = Summary(commitSeconds),
            },
        };
    }

    // Versions between the policy that drew a token and the one that was trained, a token each; traces may be empty.
    private IEnumerable<long> Lags => Groups.SelectMany(group => group.Traces).SelectMany(trace => trace.Tokens).Select(token => Step - 1 - token.PolicyVersion).DefaultIfEmpty(0);

    private long[] StalenessCounts()
    {
        long[] lags = [.. Lags.Select(lag => Math.Clamp(lag, 0, MostStalenesses - 1))];
        var counts = new long[lags.Max() + 1];
        foreach (long lag in lags)
            counts[lag]++;
        return counts;
    }

    private StepSummary Summary(double commitSeconds) => new()
    {
        Step = Step,
        Applied = Trained.Applied,
        Ordinals = Batch.Select(group => group.Ordinal).ToArray(),
        Accuracy = Statistics.Traces.Accuracy,
        Length = Statistics.Traces.Length,
        LengthP95 = Statistics.LengthP95,
        Truncated = Statistics.Traces.Truncated / (double)Math.Max(1, Statistics.Traces.Traces),
        Reward = Statistics.Reward,
        Trend = Statistics.Traces.Trend,
        StepEntropy = Statistics.StepEntropy,
        FirstStepEntropy = Statistics.Traces.FirstStepEntropy,
        Spearman = Statistics.Traces.StepCorrelation ?? double.NaN,
        TrendLengthCorrelation = Statistics.Traces.TrendLengthCorrelation ?? double.NaN,
        ReasoningSteps = Statistics.Traces.Steps,
        AllRight = Statistics.AllRight,
        Mixed = Statistics.Mixed,
        AllWrong = Statistics.AllWrong,
        ZeroAdvantage = Statistics.ZeroAdvantage,
        Loss = Trained.Loss,
        GradientNorm = Trained.GradientNorm,
        LearningRate = Trained.LearningRate,
        RateFactor = RateFactor,
        Kl = Trained.Kl,
        Clipped = Trained.ClippedLow + Trained.ClippedHigh,
        SamplerGap = Trained.SamplerGap,
        Staleness = Lags.Average(),
        StalenessMaximum = Lags.Max(),
        SampledTokens = Statistics.Tokens,
        TrainedTokens = Trained.Tokens,
        RolloutSeconds = RolloutSeconds,
        GradeSeconds = Batch.Sum(group => group.GradeSeconds),
        GradeTailSeconds = GradeTailSeconds,
        TrainSeconds = Trained.Duration.TotalSeconds,
        CommitSeconds = commitSeconds,
        MicroBatchTokens = Trained.MicroBatchTokens,
        MemoryRetries = Trained.MemoryRetries,
        PolicySha256 = Saved.Policy.Sha256,
        PolicyFile = Saved.Policy.Path,
        CheckpointFile = Saved.Checkpoint.Path,
        CheckpointSha256 = Saved.Checkpoint.Sha256,
        RewardP10 = Statistics.RewardBand.Low,
        RewardP90 = Statistics.RewardBand.High,
        StepEntropyP10 = Statistics.StepEntropyBand.Low,
        StepEntropyP90 = Statistics.StepEntropyBand.High,
        EntropyByStep = [.. Statistics.EntropyByStep],
        ClippedLow = Trained.ClippedLow,
        ClippedHigh = Trained.ClippedHigh,
        Ratio = Trained.Ratio,
        StalenessCounts = StalenessCounts(),
        GapsSha256 = GapsSha256,
        TrendOff = Statistics.TrendOff / (double)Batch.Count,
        Unscorable = Statistics.Unscorable,
        Shapers =
        [
            .. Statistics.Shapers.Select(shaper => new ShaperSummary(
                shaper.Name, shaper.Weight, shaper.Reward ?? double.NaN, shaper.LengthCorrelation ?? double.NaN) { Spread = shaper.Spread }),
        ],
        Terms = [.. Statistics.Terms.Select(term => new TermSummary(term.Name, term.Share))],
    };
}
