using System.Diagnostics;
using System.Globalization;
using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Training;

namespace Etr.Benchmarks.Trainers;

/// <summary>
/// Tokens a second of the trainer on 16 groups of 8 traces, and the share of the measured GEMM peak that its arithmetic comes to.
/// A plain timed program: a step takes a second, and what matters is how budgets compare within one run.
/// Arguments: [--model DIR] [--threads N] [--steps N] [--budgets N,N,…].
/// </summary>
internal static class TrainerBenchmarks
{
    private const int Groups = 16;
    private const int TracesPerGroup = 8;
    private const int PromptTokens = 28;
    private const int ShortestTrace = 33;
    private const int LongestTrace = 111;

    public static async Task<int> RunAsync(string[] args)
    {
        string Value(string name, string otherwise) =>
            Array.IndexOf(args, name) is int at and >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;

        TorchRuntime runtime = TorchRuntime.Start("cpu", int.Parse(Value("--threads", "0"), CultureInfo.InvariantCulture));
        int steps = int.Parse(Value("--steps", "5"), CultureInfo.InvariantCulture);
        int[] budgets = [.. Value("--budgets", "1024,2048,4096,8192,16384").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        using BenchModel? made = args.Contains("--model") ? null : BenchModel.Of("0.45m");
        string folder = made?.Folder ?? Value("--model", "");
        ModelConfig config = ModelFiles.Describe(folder).Config;

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"trainer: {config.ParameterCount / 1e6:F2} M parameters, {Groups} × {TracesPerGroup} traces, {runtime.Threads} threads"));
        await MeasureAsync("all traces pull", folder, config, runtime, budgets, steps, silentShare: 0.0);
        await MeasureAsync("a quarter of the traces have no advantage (their tokens counted)", folder, config, runtime, [budgets[^1]], steps, silentShare: 0.25);
        return 0;
    }

    private static async Task MeasureAsync(
        string title, string folder, ModelConfig config, TorchRuntime runtime, int[] budgets, int steps, double silentShare)
    {
        Console.WriteLine($"{title}\n  budget   tok/s   tok/cpu-s   GFLOP/s   peak GFLOP/s   share   resident MB");
        TrainingBatch[] batches = [.. Enumerable.Range(1, steps + 1).Select(step => Batch(step, config, silentShare))];
        double all = batches[1..].Sum(batch => batch.Groups.Sum(group => group.Traces.Sum(trace => group.PromptTokens.Count + trace.Tokens.Count - 1)));
        double arithmetic = batches[1..].Sum(batch => batch.Groups.Sum(group => group.Traces.Sum(
            trace => BenchModel.Arithmetic(config, group.PromptTokens.Count + trace.Tokens.Count - 1, trace.Tokens.Count))));
        foreach (int budget in budgets)
        {
            await using GrpoTrainer trainer = await GrpoTrainer.OpenAsync(
                folder, new TrainingOptions { MicroBatchTokens = budget }, 0.7, runtime, new EngineClock(TimeProvider.System), TimeProvider.System, CancellationToken.None);
            await trainer.StepAsync(batches[0], CancellationToken.None);
            double peak = MachineRates.GemmFlops() / 1e9;
            using Process process = Process.GetCurrentProcess();
            TimeSpan cpu = process.TotalProcessorTime;
            double seconds = 0.0;
            foreach (TrainingBatch batch in batches[1..])
                seconds += (await trainer.StepAsync(batch, CancellationToken.None)).Duration.TotalSeconds;
            process.Refresh();
            double cpuSeconds = (process.TotalProcessorTime - cpu).TotalSeconds;
            double rate = arithmetic / seconds / 1e9;
            peak = Math.Max(peak, MachineRates.GemmFlops() / 1e9);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{budget,8}{all / seconds,8:F0}{all / cpuSeconds,12:F0}{rate,10:F1}{peak,15:F0}{rate / peak,8:P1}{process.WorkingSet64 / 1e6,14:F0}"));
        }
    }

    private static TrainingBatch Batch(int step, ModelConfig config, double silentShare)
    {
        PhiloxSequence random = new(1, 2, (ulong)step);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextInt(config.VocabularySize))];
        TrainingTrace Trace()
        {
            int[] tokens = Ids(ShortestTrace + random.NextInt(LongestTrace - ShortestTrace + 1));
            float[] logProbs = [.. tokens.Select(_ => (float)-Math.Log(config.VocabularySize))];
            double advantage = (2.0 * random.NextDouble()) - 1.0;
            return new TrainingTrace(tokens, logProbs, random.NextBool(silentShare) ? 0.0 : advantage, Masked: false);
        }

        return new TrainingBatch(step, [.. Enumerable.Range(0, Groups).Select(
            ordinal => new TrainingGroup(ordinal, Ids(PromptTokens), [.. Enumerable.Range(0, TracesPerGroup).Select(_ => Trace())]))]);
    }
}
