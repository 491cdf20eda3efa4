using Etr.Core.Entropies;
using Etr.Policy.Models;
using Etr.Silo.Cli;
using TorchSharp;

namespace Etr.Silo.Conformance;

/// <summary>
/// Token ids → logits, log-probabilities and entropies of a model against reference ones. The file gives ids, so no
/// tokenizer takes part.
/// </summary>
internal static class LogitsConformance
{
    private const double LogitTolerance = 1e-3;
    private const double MeasureTolerance = 1e-4;

    /// <summary>Checks the positions of a file.</summary>
    /// <param name="path">A JSON object with <c>tokens</c> and <c>positions</c>.</param>
    /// <param name="model">Directory of the model.</param>
    /// <param name="report">Receives the outcome.</param>
    public static void Run(string path, string model, ConformanceReport report)
    {
        ConformanceCase known = ConformanceFile.ReadOne(path);
        ModelConfig config = ModelConfig.Read(Path.Combine(model, ModelFiles.Config));
        long[] ids = [.. known.Numbers("tokens").Select(id => (long)id)];
        if (ids.Length == 0 || ids.Length > config.ContextLength || ids.Any(id => id < 0 || id >= config.VocabularySize))
            throw new CommandFailure($"{path}: 'tokens' must be 1 to {config.ContextLength} ids below {config.VocabularySize}");

        using DisposeScope scope = torch.NewDisposeScope();
        using DecoderWeights weights = DecoderWeights.Load(ModelFiles.WeightsOf(model), config);
        using var decoder = new PlainDecoder(weights);
        float[] logits;
        using (torch.no_grad())
            logits = decoder.Forward(torch.tensor(ids).unsqueeze(0)).contiguous().data<float>().ToArray();

        foreach (ConformanceCase position in known.Items("positions"))
        {
            int at = position.Whole("pos");
            if (at < 0 || at >= ids.Length)
                throw new CommandFailure($"{position.Place}: there is no position {at} among {ids.Length} tokens");
            Check(position, logits.AsSpan(at * config.VocabularySize, config.VocabularySize), report);
        }
    }

    private static void Check(ConformanceCase position, ReadOnlySpan<float> logits, ConformanceReport report)
    {
        if (position.Has("entropy_nats"))
            report.Close($"{position.Place}, entropy", position.Number("entropy_nats"), TokenEntropy.Full(logits), MeasureTolerance, relative: false);
        if (position.Has("next") && position.Has("logprob_next"))
        {
            int next = position.Whole("next");
            if (next < 0 || next >= logits.Length)
                throw new CommandFailure($"{position.Place}: there is no token {next}");
            report.Close($"{position.Place}, log-probability", position.Number("logprob_next"), TokenEntropy.LogProbability(logits, next), MeasureTolerance, relative: false);
        }

        if (position.Has("argmax"))
            report.That($"{position.Place}, arg-max", position.Whole("argmax") == logits.IndexOf(Largest(logits)), "another token is the most probable");
        if (position.Has("logits"))
            CheckLogits(position, logits, report);
    }

    private static void CheckLogits(ConformanceCase position, ReadOnlySpan<float> logits, ConformanceReport report)
    {
        double[] expected = position.Numbers("logits");
        double worst = expected.Length == logits.Length ? 0 : double.PositiveInfinity;
        for (int i = 0; i < Math.Min(expected.Length, logits.Length); i++)
            worst = Math.Max(worst, Math.Abs(expected[i] - logits[i]));
        report.That($"{position.Place}, logits", worst <= LogitTolerance, $"{logits.Length} logits, the farthest off by {worst:R}");
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = float.NegativeInfinity;
        foreach (float value in values)
            largest = Math.Max(largest, value);
        return largest;
    }
}
