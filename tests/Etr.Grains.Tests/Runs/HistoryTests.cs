using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Etr.Grains.Tests.Runs;

public class HistoryTests
{
    private const int LastStep = 20;
    private const int Megabyte = 1_000_000;

    [Fact]
    public async Task Steps_come_from_memory_the_archive_and_what_it_lacks_from_the_manifests()
    {
        await using EtrCluster cluster = await RunAsync();
        IReadOnlyList<StepSummary> known = await cluster.Run().GetStepsAsync(1);
        await ForgetAsync(cluster);
        // Marked, so that it can be told where a step came from; of the others there is the manifest alone.
        foreach (StepSummary step in known.Where(step => step.Step is >= 4 and <= 12))
            cluster.Archive.Steps[step.Step] = step with { Loss = 100 + step.Step };

        IReadOnlyList<StepSummary> read = await cluster.Run().GetStepsAsync(1);

        Assert.Equal(Enumerable.Range(1, LastStep), read.Select(step => step.Step));
        Assert.Equal(known.Select(step => step.Step is >= 4 and <= 12 ? 100 + step.Step : step.Loss), read.Select(step => step.Loss));
        // The last step is the run's own state.
        Assert.Equal([(1, LastStep - 1)], cluster.Archive.Readings);

        // What has been read is in memory now.
        await cluster.Run().GetStepsAsync(1);
        Assert.Single(cluster.Archive.Readings);
    }

    [Fact]
    public async Task A_few_steps_are_read_from_their_manifests_alone()
    {
        await using EtrCluster cluster = await RunAsync();
        await ForgetAsync(cluster);

        Assert.Equal([LastStep - 2, LastStep - 1, LastStep], (await cluster.Run().GetStepsAsync(LastStep - 2)).Select(step => step.Step));
        Assert.Empty(cluster.Archive.Readings);
    }

    [Fact]
    public async Task A_page_of_steps_stays_under_a_megabyte_and_the_next_goes_on()
    {
        await using EtrCluster cluster = await RunAsync();
        IReadOnlyList<StepSummary> known = await cluster.Run().GetStepsAsync(1);
        await ForgetAsync(cluster);
        long[] many = [.. Enumerable.Range(0, 8_000).Select(i => long.MaxValue - i)];
        foreach (StepSummary step in known)
            cluster.Archive.Steps[step.Step] = step with { Ordinals = many };

        var (serializer, seen, pages) = (cluster.Services.GetRequiredService<Serializer>(), new List<int>(), 0);
        for (IReadOnlyList<StepSummary> page = await cluster.Run().GetStepsAsync(1); page.Count > 0; page = await cluster.Run().GetStepsAsync(seen[^1] + 1))
        {
            Assert.InRange(serializer.SerializeToArray(page).Length, 1, Megabyte);
            seen.AddRange(page.Select(step => step.Step));
            pages++;
        }

        Assert.Equal(Enumerable.Range(1, LastStep), seen);
        Assert.InRange(pages, 2, 6);
    }

    [Fact]
    public async Task Nothing_is_larger_in_a_message_than_it_is_taken_for()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        var serializer = cluster.Services.GetRequiredService<Serializer>();
        StepSummary full = Samples.Step with
        {
            Ordinals = [.. Enumerable.Range(0, 64).Select(i => 1_000_000_000_000L + i)],
            EntropyByStep = [.. Enumerable.Range(0, 32).Select(i => 1.0 / (i + 3))],
            StalenessCounts = [.. Enumerable.Range(0, 17).Select(i => 1_000_000_000L + i)],
            Shapers = [.. Enumerable.Range(0, 8).Select(i => new ShaperSummary($"a-shaper-{i}", 0.1, 1.0 / 3, -1.0 / 7) { Spread = 1.0 / 9 })],
            PolicyFile = new string('p', 200),
        };
        RunRound[] rounds = [.. Enumerable.Range(0, 500).Select(i => Samples.Round(i) with { StepEntropies = [.. Enumerable.Range(0, i).Select(step => 1.0 / (step + 3))] })];

        Assert.All(new[] { Samples.Step, full }, step =>
        {
            long alone = serializer.SerializeToArray<IReadOnlyList<StepSummary>>([step]).Length;
            // Each with lists and texts of its own, as they are read: what is shared goes into a message once.
            long hundred = serializer.SerializeToArray<IReadOnlyList<StepSummary>>([.. Enumerable.Range(1, 100).Select(_ => StepManifest.SummaryOf(StepManifest.TextOf(step)))]).Length;
            // The first also brings the types' names.
            Assert.InRange((hundred - alone) / 99, MessageSize.Of(step) / 2, MessageSize.Of(step));
        });
        Assert.InRange(serializer.SerializeToArray(new RoundsPage(rounds, 1_000_000, new RoundPlace(1, 2))).Length, rounds.Sum(MessageSize.Of) / 3, rounds.Sum(MessageSize.Of));
    }

    [Fact]
    public void A_summary_is_the_same_after_it_was_text()
    {
        string text = StepManifest.TextOf(Samples.Step);

        Assert.DoesNotContain('\n', text);
        Assert.Equal(text, StepManifest.TextOf(StepManifest.SummaryOf(text)));
        Assert.Contains("NaN", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"step\":1}")]
    public void What_is_not_a_summary_is_refused(string text) => Assert.Throws<InvalidDataException>(() => StepManifest.SummaryOf(text));

    [Fact]
    public void A_summary_with_a_list_that_is_null_is_refused()
    {
        string text = StepManifest.TextOf(Samples.Step).Replace("\"ordinals\":[1,2]", "\"ordinals\":null", StringComparison.Ordinal);
        Assert.Contains("\"ordinals\":null", text, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => StepManifest.SummaryOf(text));
    }

    [Fact]
    public async Task Rounds_are_asked_of_the_archive_with_what_the_run_knows()
    {
        await using EtrCluster cluster = await RunAsync();

        RoundsPage page = await cluster.Run().GetRoundsAsync(new RoundPlace(9, 30));

        Assert.Equal((LastStep, 12, new RoundPlace(9, 30)), Assert.Single(cluster.Archive.Asked));
        Assert.Equal((12, new RoundPlace(1, 2)), (page.Prompts, page.Next));
        Assert.Null((await cluster.Run("none").GetRoundsAsync(null)).Next);
    }

    private static async Task<EtrCluster> RunAsync()
    {
        EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: LastStep, groupSize: 2, promptsPerStep: 1)));
        await cluster.EndedAsync();
        // The table is made from memory; when it is whole nobody reads on.
        await cluster.UntilAsync(
            async () => File.Exists(Csv(cluster)) ? await File.ReadAllLinesAsync(Csv(cluster), cluster.Deadline) : [],
            lines => lines.Length == LastStep + 1);
        return cluster;
    }

    private static string Csv(EtrCluster cluster) => Path.Combine(cluster.RunDirectory(), "steps.csv");

    private static Task ForgetAsync(EtrCluster cluster) => EtrCluster.DeactivateAsync(cluster.Run());

    private static class Samples
    {
        public static StepSummary Step { get; } = new()
        {
            Step = 1,
            Applied = true,
            Ordinals = [1, 2],
            Accuracy = 1.0 / 3,
            Length = 30.1,
            LengthP95 = 40.7,
            Truncated = 0.1,
            Reward = 0.3,
            Trend = -1.1,
            StepEntropy = 0.7,
            FirstStepEntropy = 0.9,
            Spearman = double.NaN,
            TrendLengthCorrelation = -0.8,
            ReasoningSteps = 3.3,
            AllRight = 1,
            Mixed = 2,
            AllWrong = 1,
            ZeroAdvantage = 1,
            Loss = 0.6,
            GradientNorm = double.PositiveInfinity,
            LearningRate = 2e-4,
            Kl = 1e-300,
            Clipped = 0.2,
            SamplerGap = 0.1,
            Staleness = 0.3,
            SampledTokens = long.MaxValue,
            TrainedTokens = long.MinValue,
            RolloutSeconds = 1.7,
            TrainSeconds = 1.9,
            CommitSeconds = 0.1,
            PolicySha256 = new string('a', 64),
            PolicyFile = "/data/runs/run/policy/“quoted”.safetensors",
            CheckpointFile = "/data/runs/run/checkpoints/a.safetensors",
            CheckpointSha256 = new string('b', 64),
            EntropyByStep = [0.1, 0.2, double.NaN],
            StalenessCounts = [3, 4],
            Shapers = [new ShaperSummary("guarded", 1, 0.1, double.NaN) { Spread = 0.2 }],
        };

        public static RunRound Round(int i) => new()
        {
            Step = 1_000_000 + i,
            Ordinal = 1_000_000_000_000 + i,
            Prompt = 1_000_000 + i,
            Round = 1_000_000 + i,
            PolicyVersion = 1_000_000 + i,
            Accuracy = 1.0 / 3,
            Length = 1.0 / 7,
            Trend = -1.0 / 3,
            Slot = 7,
            ReasoningSteps = 1_000_000,
            TraceTrend = -1.0 / 9,
        };
    }
}
