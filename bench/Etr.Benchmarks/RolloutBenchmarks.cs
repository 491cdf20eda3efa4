using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Policy.Tokenizers;

namespace Etr.Benchmarks;

/// <summary>
/// Tokens a second that the rollout engine draws with the shipped policy at several numbers of sequences: whole generations,
/// from prompt to reported trace. Beside each the floor of time its arithmetic and its memory traffic would take by themselves, from
/// the GEMM and read rates measured in the same run. Arguments: [--model DIR] [--threads N] [--seconds S] [--sequences N,N,…].
/// </summary>
internal static class RolloutBenchmarks
{
    public static async Task<int> RunAsync(string[] args)
    {
        string Value(string name, string otherwise) =>
            Array.IndexOf(args, name) is int at and >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;

        TorchRuntime runtime = TorchRuntime.Start("cpu", int.Parse(Value("--threads", "0"), CultureInfo.InvariantCulture));
        double seconds = double.Parse(Value("--seconds", "5"), CultureInfo.InvariantCulture);
        int[] widths = [.. Value("--sequences", "1,8,32,128").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        string folder = Value("--model", Path.Combine("models", "arithmetic"));
        ModelDescription model = ModelFiles.Describe(folder);
        var policy = new PolicyRef(0, model.File, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(model.File))));

        double flops = MachineRates.GemmFlops();
        double bytes = MachineRates.ReadBytes();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"rollouts: {model.Parameters / 1e6:F2} M parameters, {runtime.Threads} threads, GEMM {flops / 1e9:F0} GFLOP/s, read {bytes / 1e9:F1} GB/s"));
        Console.WriteLine("sequences   tok/s   µs/step   mean length   FLOP floor µs/step   byte floor µs/step");
        foreach (int width in widths)
        {
            Result result = await MeasureAsync(model.Config, folder, policy, runtime.Threads, width, seconds);
            double step = width / result.TokensPerSecond * 1e6;
            double context = result.MeanLength / 2 + result.PromptLength;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{width,9}{result.TokensPerSecond,8:F0}{step,10:F0}{result.MeanLength,14:F1}{width * Arithmetic(model.Config, context) / flops * 1e6,21:F1}{Traffic(model.Config, width, context) / bytes * 1e6,21:F1}"));
        }

        return 0;
    }

    private static async Task<Result> MeasureAsync(ModelConfig config, string folder, PolicyRef policy, int threads, int width, double seconds)
    {
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(folder, ModelFiles.Tokenizer));
        var prompts = new ArithmeticPromptSet(1, ArithmeticSplit.HeldOut, 100_000, [ArithmeticStyle.A, ArithmeticStyle.B, ArithmeticStyle.C]);
        var options = new RolloutEngineOptions { Threads = threads, Capacity = width, QueueLength = 8 };
        await using var engine = new TorchRolloutEngine(config, tokenizer, options, new EngineClock(TimeProvider.System));
        var tally = new Tally();
        int group = Math.Min(8, width);
        long start = 0;
        TimeSpan warmUp = TimeSpan.FromSeconds(1);
        long began = Stopwatch.GetTimestamp();
        for (int index = 0; ; index++)
        {
            RolloutSlot[] slots = [.. Enumerable.Range(0, group).Select(slot => new RolloutSlot((uint)slot, []))];
            await engine.SubmitAsync(
                new RolloutRequest(prompts[index].Text, (uint)index, 0, 1, policy, new SamplingOptions(), slots, tally, CancellationToken.None), CancellationToken.None);
            if (start == 0 && Stopwatch.GetElapsedTime(began) > warmUp)
            {
                start = Stopwatch.GetTimestamp();
                tally.Reset();
            }

            if (start != 0 && Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
            {
                return new Result(tally.Tokens / Stopwatch.GetElapsedTime(start).TotalSeconds, tally.MeanLength, tokenizer.Encode(prompts[0].Text).Count);
            }
        }
    }

    // Multiplications and additions of one token: 2 a weight it passes, and attention over what stands before.
    private static double Arithmetic(ModelConfig config, double context) =>
        2.0 * config.ParameterCount + 4.0 * config.Layers * config.Heads * config.HeadSize * context;

    // Bytes of one step: the weights once, and every sequence's keys and values.
    private static double Traffic(ModelConfig config, int width, double context) =>
        4.0 * config.ParameterCount + 4.0 * width * 2 * config.Layers * config.KeyValueHeads * config.HeadSize * context;

    private sealed record Result(double TokensPerSecond, double MeanLength, int PromptLength);

    private sealed class Tally : IRolloutObserver
    {
        private long _tokens;
        private long _ended;

        public long Tokens => Volatile.Read(ref _tokens);

        public double MeanLength => (double)Tokens / Math.Max(1, Volatile.Read(ref _ended));

        public void Reset()
        {
            Volatile.Write(ref _tokens, 0);
            Volatile.Write(ref _ended, 0);
        }

        public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
        {
            Interlocked.Add(ref _tokens, tokens.Count);
            return true;
        }

        public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens) => Interlocked.Increment(ref _ended);

        public void OnFailed(string reason) => throw new InvalidOperationException(reason);
    }
}
