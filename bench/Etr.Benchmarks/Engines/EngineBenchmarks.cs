using System.Globalization;
using Etr.Benchmarks.Clusters;
using Etr.Policy.Models;
using Etr.Policy.Runtime;

namespace Etr.Benchmarks.Engines;

/// <summary>
/// Tokens a second of the torch engine, the CPU engine in fp32 and int8, and llama.cpp where its library is at hand, over random models
/// of three sizes: whole generations, from prompt to the last token, of the same numbers of sequences and the same lengths. Rounds
/// go in turn, so that what else the machine does meets all alike; figures are medians, by the clock and by processor time, which
/// what else runs disturbs less. Beside them the floor: the time that
/// a step's arithmetic and its memory traffic take by themselves at the multiply-add and read rates measured just before.
/// Arguments: [--models 1M,9M,134M] [--sequences N,N,…] [--threads N] [--rounds N] [--length N] [--llama DIR].
/// The folder of libllama may be given as ETR_LLAMA_DIR, too.
/// </summary>
internal static class EngineBenchmarks
{
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int threads = arguments.Number("--threads", 2);
        int rounds = arguments.Number("--rounds", 5);
        int[] widths = arguments.Numbers("--sequences", "1,8,32,128");
        string llama = arguments.Text("--llama", Environment.GetEnvironmentVariable("ETR_LLAMA_DIR") ?? "");
        TorchRuntime.Start("cpu", threads);
        foreach (string name in arguments.Text("--models", "1M,9M,134M").Split(','))
        {
            using var model = new BenchModel(name);
            int length = arguments.Number("--length", name == "134M" ? 32 : 96);
            double gemm = MachineRates.GemmFlops();
            double flops = MachineRates.FusedFlops(threads);
            double bytes = MachineRates.ReadBytes();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {model.Config.ParameterCount / 1e6:F2} M parameters, {threads} threads, {BenchModel.PromptTokens}+{length} tokens, multiply-adds {flops / 1e9:F0} GFLOP/s, libtorch's GEMM {gemm / 1e9:F0}, read {bytes / 1e9:F1} GB/s"));
            await using var contenders = await Contenders.StartAsync(model, threads, widths.Max(), length, llama);
            Console.WriteLine($"sequences {string.Concat(contenders.Names.Select(contender => $"{contender,14}"))}   cpu/torch  cpu/llama  int8/q8    FLOP floor   byte floor (tok/s, fp32)");
            foreach (int width in widths)
            {
                (double[] wall, double[] processor) = await contenders.MeasureAsync(width, length, rounds);
                double context = BenchModel.PromptTokens + length / 2.0;
                double ceiling = flops / Arithmetic(model.Config, context);
                double traffic = width * bytes / Traffic(model.Config, width, context);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{width,9} {Row(wall)}{ceiling,14:F0}{traffic,13:F0}"));
                Console.WriteLine($"    a cpu-s {Row(processor)}");
            }
        }

        return 0;
    }

    private static string Row(double[] rates) => string.Create(
        CultureInfo.InvariantCulture,
        $"{string.Concat(rates.Select(rate => string.Create(CultureInfo.InvariantCulture, $"{rate,14:F0}")))}{Ratio(rates, 1, 0),12}{Ratio(rates, 1, 3),11}{Ratio(rates, 2, 4),9}");

    private static string Ratio(double[] rates, int of, int to) =>
        to < rates.Length ? (rates[of] / rates[to]).ToString("F2", CultureInfo.InvariantCulture) : "-";

    // Multiplications and additions of one token: 2 a weight it passes, and attention over what stands before. A tied head is
    // multiplied by; the embedding itself is only looked up.
    private static double Arithmetic(ModelConfig config, double context) =>
        2.0 * config.ParameterCount + 4.0 * config.Layers * config.Heads * config.HeadSize * context;

    // Bytes of one step: the weights once, and every sequence's keys and values.
    private static double Traffic(ModelConfig config, int width, double context) =>
        4.0 * config.ParameterCount + 4.0 * width * 2 * config.Layers * config.KeyValueHeads * config.HeadSize * context;
}
