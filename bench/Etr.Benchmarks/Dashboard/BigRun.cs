using Etr.Core.Files;
using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Archive;
using Etr.Silo.Configuration;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// Writes the record of a big run, the same every time: a manifest a step, the bodies of its groups, and the archive as a silo writes it.
/// The figures are made up; their sizes are those of real ones.
/// </summary>
/// <param name="Prompts">Prompts; ordinals go over them in turn.</param>
/// <param name="Steps">Committed steps.</param>
/// <param name="Groups">Groups a step.</param>
/// <param name="Traces">Traces a group.</param>
/// <param name="Tokens">Mean tokens a trace.</param>
internal sealed record BigRun(int Prompts = 10_000, int Steps = 1_000, int Groups = 10, int Traces = 8, int Tokens = 60)
{
    private const int Seed = 5;
    private const int TokensOfStep = 9;

    private static readonly string[] Words = [" so", " the", " sum", " is", " 12", " plus", " 7", " then", " carry", " 1"];

    /// <summary>Rewards that the run is archived with.</summary>
    public static RewardPlan Rewards { get; } = RewardPlan.Of(new RewardOptions());

    /// <summary>Writes manifests, bodies and the archive into a directory that is empty.</summary>
    /// <param name="run">The run and its directory.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public async Task WriteAsync(RunPlace run, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(run.Groups);
        for (int step = 1; step <= Steps; step++)
        {
            ManifestGroup[] groups = [.. Enumerable.Range(0, Groups).Select(i => Write(run, (long)(step - 1) * Groups + i))];
            var manifest = new StepManifest { Step = step, Groups = groups, PolicySha256 = Summary(step).PolicySha256, Summary = Summary(step) };
            await manifest.WriteAsync(Path.Combine(run.Directory, "steps"), cancellationToken);
        }

        new ArchiveWriter(run, RunArchive.FolderOf(run), Rewards, new ArchiveSettings(), TimeProvider.System).Write(Steps, all: true, cancellationToken);
    }

    /// <summary>A step's summary.</summary>
    public StepSummary Summary(int step)
    {
        double left = Math.Exp(-3.0 * step / Steps);
        double jump = new Random(Seed + step).NextDouble() - 0.5;
        return new StepSummary
        {
            Step = step,
            Applied = true,
            Ordinals = [.. Enumerable.Range(0, Groups).Select(i => (long)(step - 1) * Groups + i)],
            Accuracy = 0.97 - 0.3 * left + 0.02 * jump,
            Length = Tokens * (0.6 + 0.4 * left) + jump,
            LengthP95 = Tokens * 1.4,
            Truncated = 0.01 * left,
            Reward = 0.9 - 0.6 * left + 0.1 * jump,
            Trend = -0.4 - left,
            StepEntropy = 0.2 + 0.4 * left,
            FirstStepEntropy = 0.5 + 0.2 * jump,
            Spearman = -0.3 + 0.1 * jump,
            TrendLengthCorrelation = -0.7 + 0.2 * jump,
            ReasoningSteps = (double)Tokens / TokensOfStep,
            AllRight = Groups / 2,
            Mixed = Groups - Groups / 2,
            AllWrong = 0,
            ZeroAdvantage = Groups / 2,
            Loss = 0.01 * jump,
            GradientNorm = 0.5 + 0.1 * jump,
            LearningRate = 2e-4,
            Kl = 0.02 * (1 - left),
            Clipped = 0.01,
            SamplerGap = 1e-4,
            Staleness = 0.5,
            SampledTokens = (long)Groups * Traces * Tokens,
            TrainedTokens = (long)Groups * Traces * Tokens,
            RolloutSeconds = 2.4 + jump,
            TrainSeconds = 1.1,
            CommitSeconds = 0.1,
            PolicySha256 = DurableFile.Sha256(BitConverter.GetBytes(step)),
            PolicyFile = $"/data/runs/big/policy/{step}/model.safetensors",
            CheckpointFile = $"/data/runs/big/checkpoints/{step}.safetensors",
            CheckpointSha256 = DurableFile.Sha256(BitConverter.GetBytes(-step)),
            RewardP10 = -1 + left,
            RewardP90 = 1,
            StepEntropyP10 = 0.05,
            StepEntropyP90 = 0.9 * left,
            EntropyByStep = [.. Enumerable.Range(0, 12).Select(i => (0.5 + left) * Math.Exp(-0.2 * i))],
            ClippedLow = 0.004,
            ClippedHigh = 0.006,
            Ratio = 1.001,
            StalenessCounts = [1_000, 2_000, 500],
            Shapers = [new ShaperSummary("guarded", 1, 0.8, -0.7), new ShaperSummary("paper", 0, 0.7, 0.2)],
        };
    }

    // Not fsynced: what a crash would take is made again.
    private ManifestGroup Write(RunPlace run, long ordinal)
    {
        GroupBody body = Body(ordinal);
        byte[] bytes = GroupBodyCodec.Write(body);
        string sha256 = DurableFile.Sha256(bytes);
        File.WriteAllBytes(run.GroupFile(sha256), bytes);
        return new ManifestGroup(ordinal, body.Prompt, body.Round, sha256);
    }

    private GroupBody Body(long ordinal)
    {
        var random = new Random(Seed + (int)ordinal);
        return new GroupBody(
            ordinal, (int)(ordinal % Prompts), (int)(ordinal / Prompts), ordinal / Groups, [.. Enumerable.Range(0, 40)],
            [.. Enumerable.Range(0, Traces).Select(_ => Trace(random, ordinal / Groups))]);
    }

    private GroupTrace Trace(Random random, long version)
    {
        int length = Math.Max(2, (int)(Tokens * (0.6 + 0.8 * random.NextDouble())));
        double falls = random.NextDouble() - 0.2;
        SampledToken[] tokens = [.. Enumerable.Range(0, length).Select(i => new SampledToken(
            random.Next(30_000),
            (i + 1) % TokensOfStep == 0 ? "\n\n" : Words[random.Next(Words.Length)],
            (float)-random.NextDouble(),
            (float)(Math.Exp(-falls * i / length) * random.NextDouble()),
            0.3f,
            (i + 1) % TokensOfStep == 0,
            version))];
        bool correct = random.NextDouble() < 0.8;
        return new GroupTrace(tokens, Truncated: false, new Verdict(correct, "12", "the numbers are the same"), new TracePayment(correct ? 1 : -1, -falls, correct ? 1 : -1, 0, random.NextDouble() - 0.5));
    }
}
