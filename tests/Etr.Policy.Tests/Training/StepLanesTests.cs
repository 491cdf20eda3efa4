using System.Collections;
using Etr.Core.Training;
using Etr.Policy.Runtime;
using Etr.Policy.Training;
using Etr.Policy.Training.Lanes;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class StepLanesTests : IDisposable
{
    private static readonly TrainingOptions Options = new() { LearningRate = 1e-3, MicroBatchTokens = 3072 };

    private readonly TinyPolicy _policy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<TrainingOptions> Kinds => new(
        Options,
        Options with { KlCoefficient = 0.1, EntropyCoefficient = 0.01 },
        Options with { MiniBatches = 2, Epochs = 2, Correction = "token-tis" },
        Options with { Checkpointing = true },
        Options with { KlCoefficient = 0.1, Lora = new LoraOptions { Rank = 2 } });

    public void Dispose() => _policy.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Lanes_take_the_step_that_one_thread_takes(TrainingOptions options)
    {
        TrainingBatch batch = Large();
        using Learner one = Open(options, threads: 1);
        using Learner three = Open(options, threads: 3);
        for (int i = 1; i <= 2; i++)
        {
            TrainingStep alone = one.Step(batch with { Step = i }, Cancellation);
            TrainingStep together = three.Step(batch with { Step = i }, Cancellation);
            Assert.True(together.Applied);
            Assert.Equal(alone.GradientNorm, together.GradientNorm, 1e-5 * alone.GradientNorm);
            Assert.Equal(alone.Loss, together.Loss, 1e-5);
            Assert.Equal(alone.Entropy, together.Entropy, 1e-5);
            Assert.Equal(alone.Kl, together.Kl, 1e-5);
            Assert.Equal(alone.SamplerGap, together.SamplerGap, 1e-5);
            Assert.Equal(alone.SamplerGapMaximum, together.SamplerGapMaximum, 1e-5);
            Assert.Equal(alone.CorrectedTokens, together.CorrectedTokens, 1e-9);
            Assert.Equal(alone.Tokens, together.Tokens);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Lanes_keep_the_log_probabilities_of_a_plain_pass(int threads)
    {
        TrainingBatch batch = Large();
        TrainingGroup[] groups = [.. TinyPolicy.Batch(1).Groups];
        using Learner learner = Open(Options, threads);
        IReadOnlyList<LearnerTrace> traces = learner.Step(batch, Cancellation).LearnerTraces;
        Assert.Equal(batch.Groups.SelectMany(group => group.Traces.Select((_, slot) => (group.Ordinal, slot))), traces.Select(trace => (trace.Ordinal, trace.Slot)));
        float[][] plain = [.. groups.SelectMany(group => group.Traces.Select(trace => TinyPolicy.LogProbs([.. group.PromptTokens], [.. trace.Tokens])))];
        for (int i = 0; i < traces.Count; i++)
            Assert.Equal(plain[i % plain.Length], traces[i].LogProbs, (left, right) => Math.Abs(left - right) < 2e-5);
    }

    [Fact]
    public void Lanes_give_the_same_bits_every_time()
    {
        string[] hashes = [.. Enumerable.Range(0, 3).Select(run =>
        {
            using Learner learner = Open(Options, threads: 3);
            learner.Step(Large(), Cancellation);
            learner.Step(Large() with { Step = 2 }, Cancellation);
            return learner.Save(_policy.Sub($"c{run}"), _policy.Sub($"p{run}"), Cancellation).Checkpoint.Sha256;
        })];
        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public void A_step_broken_off_in_one_lane_leaves_nothing_in_the_others()
    {
        using Learner learner = Open(Options, threads: 3);
        using Learner other = Open(Options, threads: 3);
        using CancellationTokenSource source = new();
        // The longest traces come first: each lane has a micro-batch to come when the step is cancelled, and finishes the one it is at.
        int longest = Large().Groups.SelectMany(group => group.Traces).Max(trace => trace.Tokens.Count);
        TrainingBatch breaking = Large(trace => trace.Tokens.Count == longest ? trace with { LogProbs = new Watched(trace.LogProbs, source.Cancel) } : trace);
        Assert.ThrowsAny<OperationCanceledException>(() => learner.Step(breaking, source.Token));
        learner.Step(Large(), Cancellation);
        other.Step(Large(), Cancellation);
        Assert.Equal(
            other.Save(_policy.Sub("a"), _policy.Sub("b"), Cancellation).Checkpoint.Sha256,
            learner.Save(_policy.Sub("c"), _policy.Sub("d"), Cancellation).Checkpoint.Sha256);
    }

    [Fact]
    public void A_failure_in_another_lane_is_the_steps_failure()
    {
        using Learner learner = Open(Options, threads: 3);
        List<string?> threads = [];
        // The shortest trace of all is in the last micro-batch, which is not the first lane's.
        TrainingTrace shortest = Large().Groups.SelectMany(group => group.Traces).MinBy(trace => trace.Tokens.Count)!;
        TrainingBatch failing = Large(trace => trace.Tokens.Count == shortest.Tokens.Count ? trace with { LogProbs = new Watched(trace.LogProbs, Fail) } : trace);
        Assert.Equal("no memory", Assert.Throws<InvalidOperationException>(() => learner.Step(failing, Cancellation)).Message);
        Assert.Contains(threads, name => name?.StartsWith("etr-learner-", StringComparison.Ordinal) == true);
        Assert.True(learner.Step(Large(), Cancellation).Applied);

        void Fail()
        {
            lock (threads)
                threads.Add(Thread.CurrentThread.Name);
            throw new InvalidOperationException("no memory");
        }
    }

    [Theory]
    [InlineData(2, 2048, 4_000_000, 2)]
    [InlineData(1, 2048, 4_000_000, 1)]
    [InlineData(16, 2048, 4_000_000, 2)]
    [InlineData(16, 512, 4_000_000, 1)]
    [InlineData(16, 65_536, 4_000_000, 16)]
    [InlineData(16, 65_536, 100_000_000, 3)]
    [InlineData(16, 65_536, 600_000_000, 1)]
    public void There_are_as_many_lanes_as_threads_micro_batches_and_memory_allow(int threads, int tokens, long bytes, int lanes) =>
        Assert.Equal(lanes, StepLanes.CountFor(DeviceType.CPU, threads, tokens, bytes));

    [Fact]
    public void A_device_has_one_lane() => Assert.Equal(1, StepLanes.CountFor(DeviceType.CUDA, 16, 65_536, 4_000_000));

    private Learner Open(TrainingOptions options, int threads) => Learner.Open(_policy.Folder, options, TinyPolicy.Temperature, TorchRuntime.Start("cpu", threads));

    // Enough tokens for several micro-batches a lane: the small batch over and over.
    private static TrainingBatch Large(Func<TrainingTrace, TrainingTrace>? change = null)
    {
        TrainingGroup[] groups = [.. TinyPolicy.Batch(1).Groups];
        return new TrainingBatch(1, [.. Enumerable.Range(0, 40).SelectMany(copy => groups.Select(group => group with
        {
            Ordinal = (copy * groups.Length) + group.Ordinal,
            Traces = [.. group.Traces.Select(trace => change?.Invoke(trace) ?? trace)],
        }))]);
    }

    // Says when it is read, which is when its micro-batch is laid out.
    private sealed class Watched(IReadOnlyList<float> values, Action read) : IReadOnlyList<float>
    {
        public int Count => values.Count;

        public float this[int index]
        {
            get
            {
                read();
                return values[index];
            }
        }

        public IEnumerator<float> GetEnumerator() => values.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
