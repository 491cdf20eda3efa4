using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Tests.Adapters;
using Etr.Policy.Training;
using Etr.Policy.Training.Passes;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

public sealed class HalfPrecisionTests
{
    private static readonly int[] Tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];

    [Theory]
    [InlineData(ModelArchitecture.Qwen2, true)]
    [InlineData(ModelArchitecture.Qwen3, false)]
    [InlineData(ModelArchitecture.Llama, false)]
    public void Sampler_and_learner_in_bf16_agree_far_better_than_either_does_with_fp32(ModelArchitecture architecture, bool tied)
    {
        using DecoderWeights single = RandomModels.Create(architecture, heads: 6, tied: tied);
        using AdapterWeights adapters = RandomAdapters.Create(single.Config, RandomAdapters.All, 3);
        string file = Path.GetTempFileName();
        try
        {
            single.Save(file);
            using var half = DecoderWeights.Load(file, single.Config, half: true);
            Assert.Equal(torch.ScalarType.BFloat16, half["model.layers.0.mlp.down_proj.weight"].dtype);
            Assert.Equal(torch.ScalarType.Float32, half["model.norm.weight"].dtype);
            Assert.Equal(tied ? torch.ScalarType.Float32 : torch.ScalarType.BFloat16, half[WeightShapes.Embedding].dtype);

            double[] exact = Sampler(FusedModel.Of(single), adapters);
            double[] sampler = Sampler(FusedModel.Of(single, torch.ScalarType.BFloat16), adapters);
            using var decoder = new TrainingDecoder(half, 1.0, adapters, 0);
            double[] learner = Learner(decoder);

            // Rounding to eight bits moves log-probabilities by hundredths here; sampler and learner round alike.
            Assert.InRange(Largest(exact, sampler), 1e-4, 0.3);
            Assert.InRange(Largest(sampler, learner), 0, 0.75 * Largest(exact, sampler));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static double[] Sampler(FusedModel model, AdapterWeights adapters)
    {
        using var decoder = new CachedDecoder(model, adapters);
        using DisposeScope scope = torch.NewDisposeScope();
        return [.. Enumerable.Range(1, Tokens.Length - 1).Select(length =>
            decoder.Prefill(torch.tensor(Tokens[..length], torch.int64).unsqueeze(0), [length]).log_softmax(-1)[0][Tokens[length]].item<float>()).Select(value => (double)value)];
    }

    private static double[] Learner(TrainingDecoder decoder)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var trace = new TrainingTrace(Tokens[1..], new float[Tokens.Length - 1], 1, Masked: false);
        MicroBatch batch = MicroBatch.Of([new StepTrace(1, 0, Tokens[..1], trace, 1)], torch.ScalarType.Float32, torch.CPU);
        return [.. TrainingPass.Read(decoder, batch).LogProbs.data<float>().ToArray().Select(value => (double)value)];
    }

    private static double Largest(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
}
