using Etr.Policy.Models;
using Etr.Policy.Training;
using Etr.Policy.Training.Passes;
using TorchSharp;

namespace Etr.Policy.Tests.Training.Passes;

public sealed class TrainingDecoderTests
{
    public static TheoryData<bool, int> Shapes => new() { { true, 2 }, { false, 2 }, { true, 4 }, { false, 1 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Log_probs_and_gradients_are_those_of_the_plain_decoder(bool tiedHead, int keyValueHeads) =>
        LogProbsAndGradientsAreThoseOfThePlainDecoder(TinyPolicy.Config with { TiedHead = tiedHead, KeyValueHeads = keyValueHeads });

    [Theory]
    [InlineData(ModelArchitecture.Qwen3)]
    [InlineData(ModelArchitecture.Llama)]
    [InlineData(ModelArchitecture.Mistral)]
    public void They_are_so_for_every_architecture(ModelArchitecture architecture) =>
        LogProbsAndGradientsAreThoseOfThePlainDecoder(TinyPolicy.Of(architecture));

    private static void LogProbsAndGradientsAreThoseOfThePlainDecoder(ModelConfig config)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DecoderWeights weights = Weights(config);
        weights.RequireGradients();
        MicroBatch batch = Batch();
        torch.Tensor pull = torch.linspace(-1, 1, batch.Targets.shape[0], torch.float64);

        using PlainDecoder plain = new(weights);
        torch.Tensor hidden = plain.Hidden(batch.Ids).flatten(0, 1).index_select(0, batch.Positions);
        torch.Tensor expected = TokenDistribution.Pick(TokenDistribution.LogProbs(plain.Logits(hidden), TinyPolicy.Temperature), batch.Targets);
        using Gradients gradients = new([.. weights.Parameters]);
        expected.mul(pull).sum().backward();
        torch.Tensor[] expectedGradients = [.. gradients.Tensors.Select(gradient => gradient.clone())];

        gradients.Clear();
        using TrainingDecoder decoder = new(weights, TinyPolicy.Temperature, gradients: true);
        TrainingPass pass = new(decoder, batch, entropyPulls: false, checkpointing: false, AdapterUse.Whole);
        pass.Backward(pass.Scores.LogProbs.mul(pull).sum());
        decoder.Collect(name => gradients.Tensors[weights.Named.Index().First(weight => weight.Item.Name == name).Index]);

        AssertClose(expected, pass.Scores.LogProbs, "log-probabilities");
        for (int i = 0; i < expectedGradients.Length; i++)
            AssertClose(expectedGradients[i], gradients.Tensors[i], weights.Named[i].Name);
    }

    [Fact]
    public void A_decoder_sees_new_weights_once_it_is_refreshed()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DecoderWeights weights = Weights(TinyPolicy.Config);
        using TrainingDecoder decoder = new(weights, TinyPolicy.Temperature, gradients: false);
        torch.Tensor before = TrainingPass.Read(decoder, Batch()).LogProbs;
        foreach ((_, torch.Tensor value) in weights.Named)
            value.mul_(1.1);
        decoder.Refresh();
        using TrainingDecoder fresh = new(weights, TinyPolicy.Temperature, gradients: false);
        torch.Tensor after = TrainingPass.Read(decoder, Batch()).LogProbs;
        AssertClose(TrainingPass.Read(fresh, Batch()).LogProbs, after, "log-probabilities");
        Assert.True(after.sub(before).abs().max().item<double>() > 1e-3);
    }

    private static DecoderWeights Weights(ModelConfig config)
    {
        using DecoderWeights single = DecoderWeights.Initialise(config, 7);
        DecoderWeights weights = single.Clone(torch.ScalarType.Float64);
        using torch.Generator generator = new(11);
        foreach ((_, torch.Tensor value) in weights.Named)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            value.add_(torch.randn(value.shape, torch.ScalarType.Float64, generator: generator).mul_(0.2));
        }

        return weights;
    }

    private static MicroBatch Batch()
    {
        StepPlan plan = StepPlan.Of(TinyPolicy.Batch(1), new Core.Training.TrainingOptions { Aggregation = "token-mean", MicroBatchTokens = 1 << 20 }, 13, 64);
        return MicroBatch.Of(plan.MicroBatches.Single(), torch.ScalarType.Float64, torch.CPU);
    }

    private static void AssertClose(torch.Tensor expected, torch.Tensor actual, string what)
    {
        double gap = expected.sub(actual).abs().max().item<double>();
        Assert.True(gap <= 1e-12 * Math.Max(1.0, expected.abs().max().item<double>()), $"{what}: {gap:R}");
    }
}
