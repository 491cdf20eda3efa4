using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Runtime;
using Etr.Policy.Tests.Memory;
using Etr.Policy.Training;

namespace Etr.Policy.Tests.Training;

public sealed class PassBudgetTests : IDisposable
{
    private readonly TinyPolicy _policy = new();

    public void Dispose() => _policy.Dispose();

    [Fact]
    public void A_step_that_runs_out_of_memory_is_made_again_in_halves_then_with_checkpointing()
    {
        var budget = new PassBudget(new PassSize(100, false));
        var made = new List<PassSize>();

        PassSize last = budget.Run(30, size =>
        {
            made.Add(size);
            return made.Count < 4 ? throw new TorchFailure("CUDA out of memory. Tried to allocate 1.00 GiB") : size;
        });

        Assert.Equal([new(100, false), new(50, false), new(30, false), new(30, true)], made);
        Assert.Equal((3, last), (budget.Retries, budget.Size));
        // What has been learnt stays; the count is the next step's own.
        Assert.Equal(last, budget.Run(30, size => size));
        Assert.Equal(0, budget.Retries);
    }

    [Fact]
    public void Below_one_trace_with_checkpointing_it_fails_and_tells_the_way_out()
    {
        var budget = new PassBudget(new PassSize(64, false));
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(
            () => budget.Run<int>(40, _ => throw new TorchFailure("DefaultCPUAllocator: can't allocate memory: you tried to allocate 7 bytes")));
        Assert.Contains("one trace of up to 40 tokens", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Etr:Sampling:MaxNewTokens", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_about_memory_is_not_tried_again()
    {
        int calls = 0;
        Assert.Throws<TorchFailure>(() => new PassBudget(new PassSize(64, false)).Run<int>(40, _ =>
        {
            calls++;
            throw new TorchFailure("shapes cannot be multiplied");
        }));
        Assert.Equal(1, calls);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 3)]
    [InlineData(true, 1)]
    public void A_step_made_again_has_the_gradient_of_one_that_had_memory(bool adapters, int miniBatches)
    {
        TrainingOptions options = new()
        {
            LearningRate = 1e-3,
            MiniBatches = miniBatches,
            MicroBatchTokens = 100,
            KlCoefficient = 0.01,
            Lora = new LoraOptions { Rank = adapters ? 2 : 0 },
        };
        (TrainingStep expected, float[] gradients) = Train(options, failing: 0);

        (TrainingStep step, float[] again) = Train(options, failing: 2);

        Assert.Equal((0, 100), (expected.MemoryRetries, expected.MicroBatchTokens));
        Assert.Equal((2, 25), (step.MemoryRetries, step.MicroBatchTokens));
        Assert.Equal(expected.Updates, step.Updates);
        Assert.Equal(expected.Loss, step.Loss, 1e-5);
        Assert.Equal(expected.Kl, step.Kl, 1e-5);
        Assert.Equal(expected.GradientNorm, step.GradientNorm, 1e-5 * Math.Max(1, expected.GradientNorm));
        Assert.NotEmpty(gradients);
        Assert.Equal(gradients.Length, again.Length);
        Assert.True(gradients.Zip(again, (a, b) => Math.Abs(a - b)).Max() <= 1e-5 * Math.Max(1, gradients.Max(Math.Abs)));
    }

    // Memory runs out while a step's last micro-batch is laid out: the gradients of those before it have been added up by then.
    private (TrainingStep Step, float[] Gradients) Train(TrainingOptions options, int failing)
    {
        using Learner learner = Learner.Open(_policy.Folder, options, TinyPolicy.Temperature, TorchRuntime.Start("cpu", 1));
        int left = failing;
        TrainingBatch batch = TinyPolicy.Batch(1);
        int shortest = batch.Groups[2].Traces.Min(trace => trace.Tokens.Count);
        batch = batch with
        {
            Groups =
            [
                .. batch.Groups.Take(2),
                batch.Groups[2] with { Traces = [.. batch.Groups[2].Traces.Select(trace => trace.Tokens.Count == shortest ? trace with { LogProbs = new Trap(trace.LogProbs, () => left-- > 0) } : trace)] },
            ],
        };
        TrainingStep step = learner.Step(batch, TestContext.Current.CancellationToken);
        SavedPolicy saved = learner.Save(_policy.Sub("c"), _policy.Sub("p"), TestContext.Current.CancellationToken);
        using var file = SafetensorsFile.Open(saved.Checkpoint.Path);
        // AdamW's first moments: of one update a tenth of its clipped gradient, of several their running mean.
        return (step, [.. file.Entries.Where(entry => entry.Name.StartsWith("adamw.first.", StringComparison.Ordinal)).SelectMany(entry => file.ReadSingles(entry.Name))]);
    }

    private sealed class Trap(IReadOnlyList<float> values, Func<bool> fails) : IReadOnlyList<float>
    {
        public int Count => values.Count;

        public float this[int index] => index == 0 && fails() ? throw new TorchFailure("CUDA out of memory. Tried to allocate 1.00 GiB") : values[index];

        public IEnumerator<float> GetEnumerator() => values.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
