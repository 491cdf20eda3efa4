using System.Globalization;
using Etr.Core.Training;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Training;

namespace Etr.Benchmarks.Loading;

/// <summary>A learner's memory as it was planned, against the growth of the process's peak over opening it and two steps.</summary>
internal static class LearnerMemory
{
    private const int Length = 256;

    private static readonly (string Name, TrainingOptions Options)[] Cases =
    [
        ("whole weights", new TrainingOptions { MicroBatchTokens = 512 }),
        ("… checkpointing", new TrainingOptions { MicroBatchTokens = 512, Checkpointing = true }),
        ("adapters, rank 16", new TrainingOptions { MicroBatchTokens = 512, Lora = new LoraOptions { Rank = 16 } }),
        ("… checkpointing", new TrainingOptions { MicroBatchTokens = 512, Checkpointing = true, Lora = new LoraOptions { Rank = 16 } }),
    ];

    /// <summary>Measures every case on a model's folder.</summary>
    public static void Measure(string folder, ModelConfig model)
    {
        foreach ((string name, TrainingOptions options) in Cases)
        {
            long planned = TrainingMemory.Of(model, options, Length).Bytes;
            long peak = PeakMemory.Of(() =>
            {
                using Learner learner = Learner.Open(folder, options, 1.0, TorchRuntime.Start("cpu", 1));
                for (int step = 1; step <= 2; step++)
                    learner.Step(Batch(step, model.VocabularySize), CancellationToken.None);
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"learner, {name,-20} planned {planned >> 20,6} MiB, measured {peak >> 20,6} MiB, {(double)planned / peak:0.00} ×"));
        }
    }

    private static TrainingBatch Batch(int step, int vocabulary)
    {
        var random = new Random(step);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
        float[] logProbs = [.. Enumerable.Repeat(-10f, Length - 32)];
        return new TrainingBatch(step, [.. Enumerable.Range(0, 1).Select(group => new TrainingGroup(
            step + group, Ids(33), [.. Enumerable.Range(0, 2).Select(slot => new TrainingTrace(Ids(Length - 32), logProbs, slot % 2 == 0 ? 1 : -1, Masked: false))]))]);
    }
}
