using Etr.Policy.Models;
using Etr.Policy.Rollouts.Cpu;

namespace Etr.Policy.Tests.Rollouts.Cpu;

/// <summary>Logits of the CPU decoder for a sequence that is read in pieces.</summary>
internal static unsafe class CpuLogits
{
    /// <summary>Logits after each token.</summary>
    public static float[][] OneByOne(string file, ModelConfig config, int[] tokens, int threads, bool int8 = false) =>
        Read(file, config, [.. tokens.Select(token => new[] { token })], threads, int8);

    /// <summary>Logits after the last of the pieces.</summary>
    public static float[] After(string file, ModelConfig config, int[][] pieces, int threads, bool int8 = false) =>
        Read(file, config, pieces, threads, int8)[^1];

    /// <summary>Logits after the last of the pieces, of weights that are disposed then.</summary>
    public static float[] After(CpuWeights weights, int[][] pieces)
    {
        using (weights)
            return Read(weights, pieces, 1)[^1];
    }

    private static float[][] Read(string file, ModelConfig config, int[][] pieces, int threads, bool int8)
    {
        using CpuWeights weights = CpuWeights.Load(file, config, int8);
        return Read(weights, pieces, threads);
    }

    private static float[][] Read(CpuWeights weights, int[][] pieces, int threads)
    {
        ModelConfig config = weights.Config;
        using var team = new WorkerTeam(threads, lowPriority: false);
        using var pages = new KeyValuePages(config);
        using var decoder = new CpuDecoder(weights, pages, team, workOfOne: 0);
        var sequence = new CachedSequence(pages);
        var logits = new List<float[]>();
        int position = 0;
        foreach (int[] piece in pieces)
        {
            var batch = new TokenBatch();
            sequence.Reserve(position + piece.Length);
            batch.Add(sequence, piece, position, 0);
            decoder.Read(batch);
            position += piece.Length;
            logits.Add(new Span<float>(decoder.Logits(0), config.VocabularySize).ToArray());
        }

        return [.. logits];
    }
}
