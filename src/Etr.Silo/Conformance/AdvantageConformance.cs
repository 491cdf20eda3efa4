using Etr.Core.Advantages;
using Etr.Core.Rewards;
using Etr.Policy.Training;
using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Silo.Conformance;

/// <summary>Advantages, KL estimators, clipped losses, loss aggregation and the overlong penalty against worked numbers.</summary>
internal static class AdvantageConformance
{
    private const double Tolerance = 1e-9;

    /// <summary>Checks the cases of a file.</summary>
    public static void Run(string path, ConformanceReport report)
    {
        foreach (ConformanceCase known in ConformanceFile.ReadList(path))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            switch (known.Text("kind"))
            {
                case "advantage":
                    Advantages(known, report);
                    break;
                case "kl":
                    Kl(known, report);
                    break;
                case "clip":
                    Clip(known, report);
                    break;
                case "aggregate":
                    Aggregate(known, report);
                    break;
                case "overlong":
                    Compare(known, OverlongPenalty.Of(known.Whole("length"), known.Whole("maxLength"), known.Whole("buffer")), report);
                    break;
                case var kind:
                    report.Skip($"kind '{kind}'");
                    break;
            }
        }
    }

    private static void Advantages(ConformanceCase known, ConformanceReport report)
    {
        string estimator = known.Text("estimator");
        if (!AdvantageEstimators.Names.Contains(estimator))
        {
            report.Skip($"estimator '{estimator}'");
            return;
        }

        var defaults = new AdvantageOptions();
        var options = new AdvantageOptions
        {
            Epsilon = known.Number("epsilon", defaults.Epsilon),
            TrendEpsilon = known.Number("trendEpsilon", defaults.TrendEpsilon),
            Weight = known.Number("weight", defaults.Weight),
        };
        ShapedReward[] rewards = known.Has("rewards")
            ? [.. known.Numbers("rewards").Select(reward => new ShapedReward(reward, reward > 0))]
            : [.. known.Flags("correct").Zip(known.Numbers("trend"), Reward)];
        double[] expected = known.Numbers("expected");
        double[] actual = AdvantageEstimators.Create(estimator, options).Estimate(rewards);
        bool same = expected.Length == actual.Length;
        report.That(known.Place, same && expected.Zip(actual).All(pair => Near(pair.First, pair.Second)),
            $"{estimator}: expected [{string.Join(", ", expected)}], found [{string.Join(", ", actual)}]");
    }

    private static ShapedReward Reward(bool correct, double trend) => new(correct ? 1 : -1, correct, trend);

    private static void Kl(ConformanceCase known, ConformanceReport report)
    {
        if (!Enum.TryParse(known.Text("estimator"), ignoreCase: true, out KlEstimator estimator))
        {
            report.Skip($"KL estimator '{known.Text("estimator")}'");
            return;
        }

        // The worked numbers are the estimators' own; the bound that training puts on k3 is not part of them.
        Compare(known, KlPenalty.PerToken(Scalar(known, "logProb"), Scalar(known, "referenceLogProb"), estimator, double.PositiveInfinity).item<double>(), report);
    }

    private static void Clip(ConformanceCase known, ConformanceReport report)
    {
        var range = new ClipRange(known.Number("epsilonLow"), known.Number("epsilonHigh"), known.Number("dualClip", 0));
        Compare(known, ClippedPolicyLoss.PerToken(Scalar(known, "ratio"), Scalar(known, "advantage"), range).item<double>(), report);
    }

    private static void Aggregate(ConformanceCase known, ConformanceReport report)
    {
        AggregationMode mode;
        try
        {
            mode = LossAggregation.Parse(known.Text("mode"));
        }
        catch (ArgumentException)
        {
            report.Skip($"aggregation '{known.Text("mode")}'");
            return;
        }

        int constant = known.Has("constant") ? known.Whole("constant") : 1;
        Compare(known, LossAggregation.Aggregate(Matrix(known, "loss"), Matrix(known, "mask"), mode, constant).item<double>(), report);
    }

    private static void Compare(ConformanceCase known, double actual, ConformanceReport report)
    {
        double expected = known.Number("expected");
        report.That(known.Place, Near(expected, actual), $"{known.Text("kind")}: expected {expected:R}, found {actual:R}");
    }

    private static bool Near(double expected, double actual) => Math.Abs(expected - actual) <= Tolerance * Math.Max(1, Math.Abs(expected));

    private static torch.Tensor Scalar(ConformanceCase known, string name) => torch.tensor(known.Number(name), dtype: torch.ScalarType.Float64);

    private static torch.Tensor Matrix(ConformanceCase known, string name) =>
        torch.stack(known.Rectangle(name).Select(row => torch.tensor(row, dtype: torch.ScalarType.Float64)));
}
