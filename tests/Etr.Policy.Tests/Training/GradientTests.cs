using Etr.Core.Training;
using Etr.Policy.Models;
using Etr.Policy.Training;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Losses;
using Etr.Policy.Training.Passes;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class GradientTests
{
    private static readonly TrainingOptions EveryTerm = new() { Loss = "dapo", KlCoefficient = 0.05, EntropyCoefficient = 0.01 };

    [Fact]
    public void Gradient_of_the_whole_loss_agrees_with_finite_differences()
    {
        using Bench bench = new(EveryTerm);
        TrainingBatch batch = TinyPolicy.Batch(1);
        Dictionary<string, double[]> gradient = bench.Gradient(batch);
        foreach ((string name, torch.Tensor value) in bench.Weights.Named)
        {
            long count = value.numel();
            foreach (long index in new[] { 0, count / 3, count - 1 }.Distinct())
            {
                // Central differences of step h err by h²; the clip's corners are measure zero and none lies this near.
                const double h = 1e-5;
                double slope = (bench.LossAt(batch, value, index, h) - bench.LossAt(batch, value, index, -h)) / (2 * h);
                double exact = gradient[name][index];
                Assert.True(
                    Math.Abs(slope - exact) <= 1e-5 * Math.Max(Math.Abs(exact), 1e-4), $"{name}[{index}]: {exact:R}, finite difference {slope:R}");
            }
        }
    }

    [Theory]
    [InlineData(ModelArchitecture.Qwen3)]
    [InlineData(ModelArchitecture.Llama)]
    [InlineData(ModelArchitecture.Mistral)]
    public void Gradient_of_each_architecture_agrees_with_finite_differences(ModelArchitecture architecture)
    {
        using Bench bench = new(EveryTerm with { Checkpointing = true }, config: TinyPolicy.Of(architecture));
        TrainingBatch batch = TinyPolicy.Batch(1);
        Dictionary<string, double[]> gradient = bench.Gradient(batch);
        foreach ((string name, torch.Tensor value) in bench.Weights.Named)
        {
            const double h = 1e-5;
            long index = value.numel() / 2;
            double slope = (bench.LossAt(batch, value, index, h) - bench.LossAt(batch, value, index, -h)) / (2 * h);
            double exact = gradient[name][index];
            Assert.True(
                Math.Abs(slope - exact) <= 1e-5 * Math.Max(Math.Abs(exact), 1e-4), $"{name}[{index}]: {exact:R}, finite difference {slope:R}");
        }
    }

    // cispo's weight and every correction stand still in the gradient: those are held against a formula that says so (PolicyLossTests).
    [Theory]
    [InlineData("grpo", "token-tis")]
    [InlineData("dr-grpo", "sequence-mis")]
    [InlineData("gspo", "none")]
    [InlineData("gspo", "token-tis")]
    [InlineData("sapo", "none")]
    [InlineData("sapo", "sequence-mis")]
    public void Gradient_of_each_loss_agrees_with_finite_differences_on_a_model(string loss, string correction)
    {
        // Wide enough for traces of random ratios to lie within it.
        double? clip = loss == "gspo" ? 0.9 : null;
        using Bench bench = new(new TrainingOptions { Loss = loss, ClipLow = clip, ClipHigh = clip, Correction = correction });
        TrainingBatch batch = TinyPolicy.Batch(5);
        Dictionary<string, double[]> gradient = bench.Gradient(batch);
        Assert.Contains(gradient.Values, values => values.Any(value => Math.Abs(value) > 1e-3));
        foreach ((string name, torch.Tensor value) in bench.Weights.Named)
        {
            const double h = 1e-5;
            long index = value.numel() / 2;
            double slope = (bench.LossAt(batch, value, index, h) - bench.LossAt(batch, value, index, -h)) / (2 * h);
            double exact = gradient[name][index];
            Assert.True(
                Math.Abs(slope - exact) <= 1e-5 * Math.Max(Math.Abs(exact), 1e-4), $"{name}[{index}]: {exact:R}, finite difference {slope:R}");
        }
    }

    [Theory]
    [MemberData(nameof(Losses.PolicyLossTests.Everything), MemberType = typeof(Losses.PolicyLossTests))]
    public void Micro_batches_add_up_to_the_same_gradient_however_they_are_cut(string loss, string aggregation, string correction)
    {
        TrainingBatch batch = TinyPolicy.Batch(2);
        // gspo's own range holds no random trace: all would be clipped and pull at nothing.
        double? clip = loss == "gspo" ? 0.9 : null;
        TrainingOptions options = EveryTerm with { Loss = loss, Aggregation = aggregation, Correction = correction, ClipLow = clip, ClipHigh = clip };
        using Bench whole = new(options with { MicroBatchTokens = 1 << 20 });
        using Bench cut = new(options with { MicroBatchTokens = 30 });
        Assert.True(cut.Plan(batch).MicroBatches.Count() > 4);
        Assert.Single(whole.Plan(batch).MicroBatches);
        AssertSame(whole.Gradient(batch), cut.Gradient(batch), 1e-12);
    }

    [Fact]
    public void A_trace_without_advantage_is_left_out_of_the_forward_pass_but_not_of_the_mean()
    {
        using Bench bench = new(new TrainingOptions { MicroBatchTokens = 40 });
        // An advantage of 1e-200 is passed through and pulls at nothing that double precision can show.
        TrainingBatch skipped = TinyPolicy.Batch(3, (group, slot, trace) => slot == 1 ? trace with { Advantage = 0.0 } : trace);
        TrainingBatch passed = TinyPolicy.Batch(3, (group, slot, trace) => slot == 1 ? trace with { Advantage = 1e-200 } : trace);
        Assert.True(bench.Plan(skipped).InputTokens < bench.Plan(passed).InputTokens);
        AssertSame(bench.Gradient(passed), bench.Gradient(skipped), 1e-12);
    }

    [Fact]
    public void A_masked_trace_pulls_at_nothing_and_counts_in_no_mean()
    {
        using Bench bench = new(new TrainingOptions());
        TrainingBatch full = TinyPolicy.Batch(4);
        TrainingBatch without = full with
        {
            Groups = [.. full.Groups.Select(group => group with { Traces = [.. group.Traces.Skip(1)] })],
        };
        TrainingBatch masked = TinyPolicy.Batch(4, (group, slot, trace) => slot == 0 ? trace with { Masked = true } : trace);
        AssertSame(bench.Gradient(without), bench.Gradient(masked), 1e-12);
    }

    [Theory]
    [InlineData(true, TrainingPass.MostLogits)]
    // 13 words: chunks of 7 tokens, and of one.
    [InlineData(false, 100)]
    [InlineData(true, 100)]
    [InlineData(false, 1)]
    public void Checkpointing_and_chunks_of_the_vocabulary_change_no_gradient(bool checkpointing, long mostLogits)
    {
        TrainingBatch batch = TinyPolicy.Batch(2);
        foreach (TrainingOptions options in new[] { EveryTerm, new TrainingOptions { Loss = "cispo" } })
        {
            using Bench plain = new(options);
            using Bench cut = new(options with { Checkpointing = checkpointing, MicroBatchTokens = 60 }, mostLogits);
            AssertSame(plain.Gradient(batch), cut.Gradient(batch), 1e-12);
        }
    }

    private static void AssertSame(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual, double tolerance)
    {
        double norm = Math.Sqrt(expected.Values.Sum(values => values.Sum(value => value * value)));
        Assert.True(norm > 1e-3);
        foreach ((string name, double[] values) in expected)
        {
            for (int i = 0; i < values.Length; i++)
                Assert.True(Math.Abs(values[i] - actual[name][i]) <= tolerance * norm, $"{name}[{i}]: {values[i]:R} and {actual[name][i]:R}");
        }
    }

    /// <summary>The step's own loss over a decoder in double precision.</summary>
    private sealed class Bench : IDisposable
    {
        private readonly TrainingOptions _options;
        private readonly StepLoss _loss;
        private readonly TrainingDecoder _policy;
        private readonly DecoderWeights? _referenceWeights;
        private readonly TrainingDecoder? _reference;
        private readonly Gradients _gradients;
        private readonly long _mostLogits;

        public Bench(TrainingOptions options, long mostLogits = TrainingPass.MostLogits, ModelConfig? config = null)
        {
            _mostLogits = mostLogits;
            _options = PolicyLosses.Resolve(options);
            _loss = new StepLoss(_options);
            using DecoderWeights single = TinyPolicy.RandomWeights(config);
            Weights = single.Clone(torch.ScalarType.Float64);
            if (options.KlCoefficient > 0.0)
            {
                _referenceWeights = Weights.Clone(torch.ScalarType.Float64);
                using torch.Generator generator = new(3);
                foreach ((_, torch.Tensor value) in _referenceWeights.Named)
                    value.add_(torch.randn(value.shape, torch.ScalarType.Float64, generator: generator).mul_(0.05));
                _reference = new TrainingDecoder(_referenceWeights, TinyPolicy.Temperature, gradients: false);
            }

            Weights.RequireGradients();
            _policy = new TrainingDecoder(Weights, TinyPolicy.Temperature, gradients: true);
            _gradients = new Gradients([.. Weights.Named.Select(weight => weight.Value)]);
        }

        public DecoderWeights Weights { get; }

        public StepPlan Plan(TrainingBatch batch) =>
            StepPlan.Of(batch, _options, TinyPolicy.Config.VocabularySize, TinyPolicy.Config.ContextLength);

        public Dictionary<string, double[]> Gradient(TrainingBatch batch)
        {
            _gradients.Clear();
            Loss(batch, (pass, loss) => pass.Backward(loss));
            _policy.Collect(name => _gradients.Tensors[Weights.Named.Index().First(weight => weight.Item.Name == name).Index]);
            return Weights.Named.Select((weight, i) => (weight.Name, Values: _gradients.Tensors[i].data<double>().ToArray()))
                .ToDictionary(pair => pair.Name, pair => pair.Values);
        }

        public double LossAt(TrainingBatch batch, torch.Tensor weight, long index, double offset)
        {
            using IDisposable noGradient = torch.no_grad();
            using torch.Tensor element = weight.view(-1).narrow(0, index, 1);
            using torch.Tensor before = element.clone();
            element.add_(offset);
            double sum = 0.0;
            Loss(batch, (_, loss) => sum += loss.item<double>());
            element.copy_(before);
            return sum;
        }

        public void Dispose()
        {
            _policy.Dispose();
            _reference?.Dispose();
            _referenceWeights?.Dispose();
            _gradients.Dispose();
            Weights.Dispose();
        }

        private void Loss(TrainingBatch batch, Action<TrainingPass, torch.Tensor> use)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            StepFigures figures = new(torch.CPU);
            _policy.Refresh();
            _policy.Clear();
            foreach (IReadOnlyList<StepTrace> traces in Plan(batch).MicroBatches)
            {
                MicroBatch micro = MicroBatch.Of(traces, torch.ScalarType.Float64, torch.CPU);
                // A start of the step near the sampler and the learner, and neither.
                torch.Tensor? start = _loss.Correction == CorrectionKind.None ? null : micro.OldLogProbs * 0.97;
                torch.Tensor? reference = _reference is null ? null : TrainingPass.Read(_reference, micro).LogProbs;
                TrainingPass pass = new(_policy, micro, _options.EntropyCoefficient > 0.0, _options.Checkpointing, AdapterUse.Whole, _mostLogits);
                use(pass, _loss.Of(pass.Scores, reference, micro, new StepMoment(_options.EntropyCoefficient, true, start), figures));
            }
        }
    }
}
