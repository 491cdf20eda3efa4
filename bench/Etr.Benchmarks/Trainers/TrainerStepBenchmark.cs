using System.Diagnostics;
using System.Globalization;
using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Training;

namespace Etr.Benchmarks.Trainers;

/// <summary>
/// A whole step of 32 × 256 tokens, the trainer's beside the plain one, in turns: what the machine does to one it does to the other.
/// Shares are of the GEMM rate measured between the rounds. Arguments: [--sizes 1m,9m] [--threads N] [--rounds N] [--budgets N,N,…]
/// [--log-probs: the trainer's step with and without keeping the log-probability of each token, in place of the plain one].
/// </summary>
internal static class TrainerStepBenchmark
{
    private const int Rows = 32;
    private const int Length = 256;
    private const int Prompt = 28;
    private const double Temperature = 0.7;

    public static async Task<int> RunAsync(string[] args)
    {
        string Value(string name, string otherwise) =>
            Array.IndexOf(args, name) is int at and >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;

        TorchRuntime runtime = TorchRuntime.Start("cpu", int.Parse(Value("--threads", "0"), CultureInfo.InvariantCulture));
        int rounds = int.Parse(Value("--rounds", "9"), CultureInfo.InvariantCulture);
        int[] budgets = [.. Value("--budgets", "1024,2048,4096,8192").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        bool logProbs = args.Contains("--log-probs");
        foreach (string size in Value("--sizes", "1m,9m").Split(','))
            await MeasureAsync(size, runtime, rounds, budgets, logProbs);
        return 0;
    }

    private static async Task MeasureAsync(string size, TorchRuntime runtime, int rounds, int[] budgets, bool logProbs)
    {
        using BenchModel model = BenchModel.Of(size);
        TrainingBatch batch = Batch(model.Config);
        double arithmetic = Rows * BenchModel.Arithmetic(model.Config, Length, Length + 1 - Prompt);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{size}: {model.Config.ParameterCount / 1e6:F2} M parameters, {Rows} × {Length} tokens, {runtime.Threads} threads, {rounds} rounds"));

        List<(string Name, Func<Task> Step, List<double> Seconds)> contenders = [];
        using PlainStep plain = new(model.Folder);
        List<GrpoTrainer> trainers = [];
        foreach (int budget in budgets)
        {
            GrpoTrainer trainer = await OpenAsync(model, new TrainingOptions { MicroBatchTokens = budget }, runtime);
            trainers.Add(trainer);
            if (logProbs)
            {
                GrpoTrainer without = await OpenAsync(model, new TrainingOptions { MicroBatchTokens = budget, KeepLogProbs = false }, runtime);
                trainers.Add(without);
                contenders.Add(($"without, {budget}", () => without.StepAsync(batch, CancellationToken.None), []));
            }
            else
            {
                contenders.Add(($"plain, {budget}", () => OnThread(runtime, () => plain.Step(batch, budget / Length, Temperature)), []));
            }

            contenders.Add(($"trainer, {budget}", () => trainer.StepAsync(batch, CancellationToken.None), []));
        }

        List<double> peaks = [];
        for (int round = 0; round <= rounds; round++)
        {
            await OnThread(runtime, () => peaks.Add(MachineRates.GemmFlops()));
            foreach ((_, Func<Task> step, List<double> seconds) in contenders)
            {
                long start = Stopwatch.GetTimestamp();
                await step();
                if (round > 0)
                    seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        double peak = Median(peaks);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"GEMM {peak / 1e9:F0} GFLOP/s (median; {peaks.Min() / 1e9:F0} to {peaks.Max() / 1e9:F0})"));
        Console.WriteLine("                      ms   best ms   tok/s   GFLOP/s   share of GEMM   best   of the time of the line above");
        for (int i = 0; i < contenders.Count; i++)
        {
            (string name, _, List<double> seconds) = contenders[i];
            double median = Median(seconds);
            // Each round's own ratio: both ran in the same second.
            double ratio = Median([.. seconds.Zip(contenders[i - (i % 2)].Seconds, (mine, theirs) => mine / theirs)]);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-16}{1e3 * median,8:F0}{1e3 * seconds.Min(),10:F0}{Rows * Length / median,8:F0}{arithmetic / median / 1e9,10:F1}{arithmetic / median / peak,16:P1}{arithmetic / seconds.Min() / peaks.Max(),7:P1}{ratio,27:F3}"));
        }

        foreach (GrpoTrainer trainer in trainers)
            await trainer.DisposeAsync();
    }

    private static Task<GrpoTrainer> OpenAsync(BenchModel model, TrainingOptions options, TorchRuntime runtime) => GrpoTrainer.OpenAsync(
        model.Folder, options, Temperature, runtime, new EngineClock(TimeProvider.System), TimeProvider.System, CancellationToken.None);

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }

    // A thread of its own, as the trainer has: the number of OpenMP threads belongs to the thread that asks.
    private static Task OnThread(TorchRuntime runtime, Action work)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            TorchRuntime.UseThreads(runtime.Threads);
            work();
            done.SetResult();
        }).Start();
        return done.Task;
    }

    private static TrainingBatch Batch(ModelConfig config)
    {
        PhiloxSequence random = new(1, 2, 3);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextInt(config.VocabularySize))];
        TrainingTrace Trace()
        {
            int[] tokens = Ids(Length + 1 - Prompt);
            float[] logProbs = [.. tokens.Select(_ => (float)-Math.Log(config.VocabularySize))];
            return new TrainingTrace(tokens, logProbs, (2.0 * random.NextDouble()) - 1.0, Masked: false);
        }

        return new TrainingBatch(1, [.. Enumerable.Range(0, Rows / 8).Select(
            ordinal => new TrainingGroup(ordinal, Ids(Prompt), [.. Enumerable.Range(0, 8).Select(_ => Trace())]))]);
    }
}
