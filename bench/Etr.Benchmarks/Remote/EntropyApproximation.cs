using System.Globalization;
using Etr.Benchmarks.Clusters;
using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Core.Statistics;
using Etr.Core.Steps;
using Etr.Core.Tasks.Arithmetic;
using Etr.Core.Trends;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Chat;
using Etr.Silo.Engines;
using Etr.Silo.RemoteSamplers;

namespace Etr.Benchmarks.Remote;

/// <summary>
/// How far the entropies that can be had from five entries, which is what a server sends, lie from those of the whole vocabulary: token
/// by token, and in the trend R of the <c>guarded</c> preset. Arguments: [--model DIR] [--traces N] [--tokens N] [--temperature-percent N].
/// </summary>
internal static class EntropyApproximation
{
    private const int StandIn = 16;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        string folder = StartingPolicy.Locate(arguments.Text("--model", "models/arithmetic"));
        (int traces, int tokens, double temperature) = (arguments.Number("--traces", 256), arguments.Number("--tokens", 200), arguments.Number("--temperature-percent", 70) / 100.0);
        ModelConfig config = ModelConfig.Read(Path.Combine(folder, ModelFiles.Config));
        bool reads = File.Exists(Path.Combine(folder, ModelFiles.Tokenizer));
        IPolicyTokenizer tokenizer = reads ? PromptTokenizer.Open(folder, "auto") : new Nameless(config.VocabularySize);
        string file = ModelFiles.WeightsOf(folder);
        await using var engine = new CpuRolloutEngine(config, tokenizer, new RolloutEngineOptions { Capacity = traces }, new EngineClock(TimeProvider.System));
        var policy = new PolicyRef(0, file, JoinedWeights.Sha256(file));
        var prompts = new ArithmeticPromptSet(1, ArithmeticSplit.Train, traces, ArithmeticStyles.Parse("ABC"));
        var observers = new GroupObserver[traces];
        for (int i = 0; i < traces; i++)
        {
            observers[i] = new GroupObserver(1);
            await engine.SubmitAsync(
                new RolloutRequest(prompts[i].Text, (uint)i, 0, 1, policy, new SamplingOptions { Temperature = temperature, MaxNewTokens = tokens }, [new RolloutSlot(0, [])], observers[i], CancellationToken.None)
                {
                    Ranked = true,
                    PromptTokens = reads ? null : [1],
                },
                CancellationToken.None);
        }

        await Task.WhenAll(observers.Select(observer => observer.Done));
        Print(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(folder)}, vocabulary {config.VocabularySize}, temperature {temperature}"), [.. observers.Select(observer => observer.Traces[0])]);
        return 0;
    }

    private static void Print(string title, List<SampledToken>[] traces)
    {
        SampledToken[] all = [.. traces.SelectMany(trace => trace)];
        double[] full = [.. all.Select(token => (double)token.Entropy)];
        double[] five = [.. all.Select(token => token.TopFiveEntropy * Math.Log(5))];
        double[] bound = [.. all.Select(Bound)];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title}: {traces.Length} traces, {all.Length} tokens, mean entropy {full.Average():F4} nats"));
        Line("five entries (reference)", full, five);
        Line("five and the rest as one", full, bound);
        foreach ((string name, Func<SampledToken, double> entropy) in new (string, Func<SampledToken, double>)[] { ("five entries (reference)", token => token.TopFiveEntropy * Math.Log(5)), ("five and the rest as one", Bound) })
        {
            double[] right = [.. traces.Select(trace => Trend(trace, token => token.Entropy))];
            double[] wrong = [.. traces.Select(trace => Trend(trace, entropy))];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  R (guarded), {name}: mean {right.Average():F4}, mean |error| {right.Zip(wrong, (a, b) => Math.Abs(a - b)).Average():F4} nats, correlation {Correlation.Pearson(right, wrong):F5}"));
        }
    }

    private static void Line(string name, double[] full, double[] other)
    {
        double[] errors = [.. full.Zip(other, (a, b) => a - b)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {name}: short by {errors.Average():F4} nats on average ({100 * errors.Average() / full.Average():F2} %), p99 {Figures.Quantile(errors, 0.99):F4}, most {errors.Max():F4}, least {errors.Min():F6}"));
    }

    private static double Bound(SampledToken token) =>
        TopEntropies.LowerBound(token.LogProb, [.. token.Ranks!.Where(rank => rank.Id != token.Id).Select(rank => (double)rank.LogProb)]);

    // A model without a tokenizer has no reasoning steps either: 16 tokens stand for one.
    private static double Trend(List<SampledToken> trace, Func<SampledToken, double> entropy)
    {
        double[] entropies = [.. trace.Select(entropy)];
        int[] ends = StepSegmenter.Ends([.. trace.Select(token => token.Text)]);
        double[] steps = trace[0].Text == Nameless.Text ? [.. entropies.Chunk(StandIn).Select(chunk => chunk.Average())] : StepEntropies.Means(entropies, ends);
        return EntropyTrend.Of(steps, EtrPreset.Guarded.Trend);
    }

    // The published stories model brings no tokenizer.json.
    private sealed class Nameless(int vocabulary) : IPolicyTokenizer
    {
        public const string Text = "?";

        public int VocabularySize => vocabulary;

        public IReadOnlyList<int> Encode(string text) => [1];

        public string TextOf(int id) => Text;
    }
}
