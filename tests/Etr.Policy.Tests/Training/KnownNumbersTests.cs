using System.Text.Json;
using Etr.Policy.Training;
using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class KnownNumbersTests
{
    private const double Tolerance = 1e-12;

    [Fact]
    public void Kl_estimates_match_the_known_numbers_in_double_precision()
    {
        foreach (JsonElement known in Cases("kl"))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            KlEstimator estimator = Enum.Parse<KlEstimator>(known.GetProperty("estimator").GetString()!, ignoreCase: true);
            // The known numbers are the estimators' own; the bound of the loss is tested apart.
            torch.Tensor kl = KlPenalty.PerToken(
                Scalar(known, "logProb"), Scalar(known, "referenceLogProb"), estimator, double.PositiveInfinity);
            AssertClose(known, kl.item<double>());
        }
    }

    [Fact]
    public void Clipped_losses_match_the_known_numbers_in_double_precision()
    {
        foreach (JsonElement known in Cases("clip"))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            JsonElement dual = known.GetProperty("dualClip");
            ClipRange clip = new(
                known.GetProperty("epsilonLow").GetDouble(),
                known.GetProperty("epsilonHigh").GetDouble(),
                dual.ValueKind == JsonValueKind.Null ? 0.0 : dual.GetDouble());
            torch.Tensor loss = ClippedPolicyLoss.PerToken(Scalar(known, "ratio"), Scalar(known, "advantage"), clip);
            AssertClose(known, loss.item<double>());
        }
    }

    [Fact]
    public void Aggregations_match_the_known_numbers_in_double_precision()
    {
        foreach (JsonElement known in Cases("aggregate"))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            int constant = known.TryGetProperty("constant", out JsonElement given) ? given.GetInt32() : 1;
            torch.Tensor loss = LossAggregation.Aggregate(
                Rectangle(known, "loss"), Rectangle(known, "mask"), LossAggregation.Parse(known.GetProperty("mode").GetString()!), constant);
            AssertClose(known, loss.item<double>());
        }
    }

    private static List<JsonElement> Cases(string kind)
    {
        List<JsonElement> cases =
            [.. SharedData.ReadOrSkip("grpo_numerics.json").EnumerateArray().Where(c => c.GetProperty("kind").GetString() == kind)];
        Assert.NotEmpty(cases);
        return cases;
    }

    private static torch.Tensor Scalar(JsonElement known, string name) =>
        torch.tensor(known.GetProperty(name).GetDouble(), dtype: torch.ScalarType.Float64);

    private static torch.Tensor Rectangle(JsonElement known, string name)
    {
        double[][] rows = [.. known.GetProperty(name).EnumerateArray()
            .Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray())];
        return torch.stack(rows.Select(row => torch.tensor(row, dtype: torch.ScalarType.Float64)));
    }

    private static void AssertClose(JsonElement known, double actual)
    {
        double expected = known.GetProperty("expected").GetDouble();
        Assert.True(
            Math.Abs(expected - actual) <= Tolerance * Math.Max(1.0, Math.Abs(expected)), $"{known.GetRawText()} gave {actual:R}");
    }
}
