using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Training;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Policy.Tests.Training.Losses;

public sealed class PolicyLossTests
{
    private const int Constant = 7;

    public static TheoryData<string, string, string> Everything()
    {
        TheoryData<string, string, string> cases = [];
        foreach (string loss in PolicyLosses.Names)
        {
            foreach (string aggregation in new[] { "token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "constant" })
            {
                foreach (string correction in new[] { "none", "token-tis", "sequence-mis" })
                    cases.Add(loss, aggregation, correction);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Value_is_that_of_the_formula_in_double_precision(string loss, string aggregation, string correction)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        for (int seed = 0; seed < 20; seed++)
        {
            OracleTrace[] traces = Traces(seed);
            double expected = LossOracle.Step(loss, aggregation, Constant, correction, traces);
            Assert.Equal(expected, Loss(loss, aggregation, correction, traces).Value.item<double>(), 1e-11 * Math.Max(1.0, Math.Abs(expected)));
        }
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Gradient_agrees_with_finite_differences_of_the_formula(string loss, string aggregation, string correction)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        OracleTrace[] traces = Traces(3);
        (torch.Tensor value, torch.Tensor leaf) = Loss(loss, aggregation, correction, traces);
        value.backward();
        double[] gradient = leaf.grad!.data<double>().ToArray();
        Assert.Contains(gradient, slope => Math.Abs(slope) > 1e-4);
        int next = 0;
        for (int row = 0; row < traces.Length; row++)
        {
            for (int i = 0; i < traces[row].Now.Length; i++, next++)
            {
                // Small enough for gspo's range of 7e-4, of which a token moves its trace's ratio by a fraction.
                const double h = 1e-6;
                double slope = (Moved(row, i, h) - Moved(row, i, -h)) / (2 * h);
                Assert.Equal(slope, gradient[next], 1e-8);
            }
        }

        double Moved(int row, int i, double by)
        {
            double[] now = [.. traces[row].Now];
            now[i] += by;
            OracleTrace[] moved = [.. traces];
            moved[row] = traces[row] with { Now = now };
            return LossOracle.Step(loss, aggregation, Constant, correction, moved);
        }
    }

    [Theory]
    [InlineData("grpo", 0.2, 0.2, 3.0, "token-mean", null)]
    [InlineData("dapo", 0.2, 0.28, 3.0, "token-mean", null)]
    [InlineData("dr-grpo", 0.2, 0.2, 3.0, "constant", "center")]
    [InlineData("gspo", 3e-4, 4e-4, 0.0, "seq-mean-token-mean", null)]
    [InlineData("cispo", 1.0, 4.0, null, "token-mean", null)]
    [InlineData("sapo", null, null, null, "seq-mean-token-mean", null)]
    public void A_loss_fills_what_is_left_blank(string loss, double? low, double? high, double? dual, string aggregation, string? estimator)
    {
        TrainingOptions resolved = PolicyLosses.Resolve(new TrainingOptions { Loss = loss });
        Assert.Equal((low, high, dual, aggregation), (resolved.ClipLow, resolved.ClipHigh, resolved.DualClip, resolved.Aggregation));
        Assert.Equal(estimator, PolicyLosses.Find(loss).Defaults.Estimator);
        Assert.Equal(resolved, PolicyLosses.Resolve(resolved));
    }

    [Fact]
    public void What_is_set_stays()
    {
        TrainingOptions set = new() { Loss = "dr-grpo", ClipLow = 0.1, ClipHigh = 0.4, DualClip = 0.0, Aggregation = "token-mean" };
        Assert.Equal(set, PolicyLosses.Resolve(set));
    }

    [Fact]
    public void A_clip_set_for_a_loss_without_one_is_refused_and_so_is_an_unknown_name()
    {
        Assert.Contains("'sapo' has no upper clip", Refusal(new TrainingOptions { Loss = "sapo", ClipHigh = 0.2 }), StringComparison.Ordinal);
        Assert.Contains("'cispo' has no dual clip", Refusal(new TrainingOptions { Loss = "cispo", DualClip = 2.0 }), StringComparison.Ordinal);
        Assert.Contains("'ppo' is none of grpo, dapo", Refusal(new TrainingOptions { Loss = "ppo" }), StringComparison.Ordinal);
        Assert.Contains("aggregation 'sum' is none of", Refusal(new TrainingOptions { Aggregation = "sum" }), StringComparison.Ordinal);
        Assert.Equal(0.0, PolicyLosses.Resolve(new TrainingOptions { Loss = "cispo", DualClip = 0.0 }).DualClip);

        static string Refusal(TrainingOptions options) => Assert.ThrowsAny<ArgumentException>(() => PolicyLosses.Resolve(options)).Message;
    }

    [Fact]
    public void The_configuration_allows_the_losses_that_there_are()
    {
        AllowedValuesAttribute allowed = typeof(TrainingOptions).GetProperty(nameof(TrainingOptions.Loss))!.GetCustomAttribute<AllowedValuesAttribute>()!;
        Assert.Equal(PolicyLosses.Names, allowed.Values.Cast<string>());
    }

    [Fact]
    public void Gspo_clips_whole_traces_and_cispo_only_their_weight()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // Mean log-ratios 0.1 and 0: the first trace rose past 4e-4, its second token did not move.
        PolicyTokens tokens = new(Double(0.2, 0.0, -0.1, 0.1), torch.zeros(4, torch.float64), Double(1, 1, -1, -1), Rows(2, 2));
        TokenLosses gspo = PolicyLosses.Find("gspo").PerToken(tokens, new ClipRange(3e-4, 4e-4, 0.0));
        Assert.Equal([true, true, false, false], gspo.ClippedHigh.data<bool>().ToArray());
        TokenLosses cispo = PolicyLosses.Find("cispo").PerToken(tokens, new ClipRange(0.05, 0.15, 0.0));
        Assert.Equal([true, false, false, false], cispo.ClippedHigh.data<bool>().ToArray());
        Assert.Equal([false, false, true, false], cispo.ClippedLow.data<bool>().ToArray());
    }

    [Fact]
    public void A_distant_token_leaves_every_loss_finite()
    {
        foreach (string name in PolicyLosses.Names)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor leaf = torch.tensor(new[] { -0.1f, -5000f, -0.1f }).requires_grad_();
            PolicyTokens tokens = new(leaf, torch.tensor(new[] { -5000f, -0.1f, -0.1f }), torch.tensor(new[] { 1f, -1f, 1f }), Rows(1, 1, 1));
            PolicyLosses.Find(name).PerToken(tokens, PolicyLosses.Clip(PolicyLosses.Resolve(new TrainingOptions { Loss = name }))).Losses.sum().backward();
            Assert.All(leaf.grad!.data<float>().ToArray(), slope => Assert.True(float.IsFinite(slope), name));
        }
    }

    private static (torch.Tensor Value, torch.Tensor Leaf) Loss(string loss, string aggregation, string correction, OracleTrace[] traces)
    {
        TrainingOptions options = PolicyLosses.Resolve(new TrainingOptions { Loss = loss, Aggregation = aggregation });
        TraceRows rows = Rows([.. traces.Select(trace => trace.Now.Length)]);
        torch.Tensor leaf = Double([.. traces.SelectMany(trace => trace.Now)]).requires_grad_();
        torch.Tensor start = Double([.. traces.SelectMany(trace => trace.Start)]);
        torch.Tensor sampler = Double([.. traces.SelectMany(trace => trace.Sampler)]);
        torch.Tensor advantages = Double([.. traces.SelectMany(trace => trace.Now.Select(_ => trace.Advantage))]);
        CorrectionWeights? correct = SamplerCorrection.Of(SamplerCorrection.Parse(correction), start, sampler, rows);
        PolicyTokens tokens = new(leaf, correct is null ? sampler : start, advantages, rows);
        torch.Tensor losses = PolicyLosses.Find(loss).PerToken(tokens, PolicyLosses.Clip(options)).Losses;
        if (correct is not null)
            losses *= correct.Weights;
        double[] weights = LossAggregation.Weights([.. traces.Select(trace => trace.Now.Length)], LossAggregation.Parse(aggregation), Constant);
        return (LossAggregation.Sum(losses, rows.Spread(Double(weights))), leaf);
    }

    // Five traces of 1 to 6 tokens. Some ratios lie far outside every clip; two traces hardly move, so that gspo has a gradient.
    private static OracleTrace[] Traces(int seed)
    {
        PhiloxSequence random = new(9, 4, (ulong)seed);
        return [.. Enumerable.Range(0, 5).Select(row =>
        {
            double[] Values(Func<int, double> value) => [.. Enumerable.Range(0, 1 + row + (row > 1 ? 1 : 0)).Select(value)];
            double spread = row < 2 ? 2e-4 : 3.5;
            double[] sampler = Values(_ => -0.05 - (3.0 * random.NextDouble()));
            double[] start = Values(i => sampler[i] + (1.2 * (random.NextDouble() - 0.45)));
            double[] now = Values(i => start[i] + (spread * (random.NextDouble() - 0.4)));
            if (row == 0)
                now = start = Values(i => sampler[i] + 1e-4);
            return new OracleTrace(now, now, start, sampler, (2.0 * random.NextDouble()) - 1.0);
        })];
    }

    private static TraceRows Rows(params int[] counts) => new(
        torch.tensor([.. counts.SelectMany((count, row) => Enumerable.Repeat((long)row, count))]),
        torch.tensor([.. counts.Select(count => (double)count)], torch.float64));

    private static torch.Tensor Double(params double[] values) => torch.tensor(values, dtype: torch.ScalarType.Float64);
}
