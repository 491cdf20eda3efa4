using System.Diagnostics;
using Etr.Core.Rollouts;
using Etr.Policy.Rollouts;
using Etr.Policy.Rollouts.Cpu;

namespace Etr.Benchmarks.Engines;

/// <summary>What is measured against each other over one model.</summary>
internal sealed class Contenders : IAsyncDisposable
{
    // The first calls run code that has not been optimised yet.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(0.4);

    private readonly List<(string Name, Func<int, int, Task<double>> Generate)> _all = [];
    private readonly List<IAsyncDisposable> _engines = [];
    private readonly List<IDisposable> _libraries = [];

    public IEnumerable<string> Names => _all.Select(contender => contender.Name);

    /// <summary>Starts torch, cpu, cpu int8, and llama.cpp in f32 and q8_0 where it is at hand.</summary>
    public static async Task<Contenders> StartAsync(BenchModel model, int threads, int capacity, int length, string llama)
    {
        var contenders = new Contenders();
        var options = new RolloutEngineOptions { Threads = threads, Capacity = capacity, QueueLength = 64 };
        var clock = new EngineClock(TimeProvider.System);
        contenders.Add("torch", model, new TorchRolloutEngine(model.Config, model.Tokenizer, options, clock));
        contenders.Add("cpu", model, new CpuRolloutEngine(model.Config, model.Tokenizer, options, clock));
        contenders.Add("cpu int8", model, new CpuRolloutEngine(model.Config, model.Tokenizer, options, clock, quantised: true));
        if (!Directory.Exists(llama))
        {
            Console.WriteLine("skipped: no llama.cpp (name the folder of its library with --llama or ETR_LLAMA_DIR)");
            return contenders;
        }

        foreach (bool quantised in (bool[])[false, true])
        {
            string file = model.PathOf(quantised ? "q8_0.gguf" : "f32.gguf");
            await Task.Run(() => GgufFile.Write(file, model.File, model.Config, quantised));
            var library = new LlamaCpp(llama, file, model.Config, threads, capacity, BenchModel.PromptTokens + length);
            contenders._libraries.Add(library);
            contenders._all.Add((quantised ? "llama q8_0" : "llama f32", (width, tokens) => Task.Run(() => library.Generate(width, BenchModel.PromptTokens, tokens))));
        }

        return contenders;
    }

    /// <summary>Each contender's median rates over rounds in turn, after one unmeasured: tokens a second, and a second of processor time.</summary>
    public async Task<(double[] Wall, double[] Processor)> MeasureAsync(int width, int length, int rounds)
    {
        var rates = _all.Select(_ => new List<double>()).ToArray();
        var processor = _all.Select(_ => new List<double>()).ToArray();
        for (int round = -1; round < rounds; round++)
        {
            for (int i = 0; i < _all.Count; i++)
            {
                (double rate, double perProcessor) = await RoundAsync(i, width, length, round < 0 ? WarmUp : Round);
                if (round >= 0)
                {
                    rates[i].Add(rate);
                    processor[i].Add(perProcessor);
                }
            }
        }

        return ([.. rates.Select(Median)], [.. processor.Select(Median)]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable engine in _engines)
        {
            await engine.DisposeAsync();
        }

        foreach (IDisposable library in _libraries)
        {
            library.Dispose();
        }
    }

    // Whole generations until the time is over.
    private async Task<(double Wall, double Processor)> RoundAsync(int contender, int width, int length, TimeSpan time)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        double tokens = 0;
        while (tokens == 0 || Stopwatch.GetElapsedTime(start) < time)
        {
            tokens += await _all[contender].Generate(width, length);
        }

        return (tokens / Stopwatch.GetElapsedTime(start).TotalSeconds, tokens / (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values.Count % 2 == 1 ? values[values.Count / 2] : (values[values.Count / 2 - 1] + values[values.Count / 2]) / 2;
    }

    private void Add(string name, BenchModel model, IRolloutEngine engine)
    {
        _engines.Add(engine);
        uint prompt = 0;
        _all.Add((name, async (width, length) =>
        {
            var tally = new Tally(width);
            for (int first = 0; first < width; first += 8)
            {
                RolloutSlot[] slots = [.. Enumerable.Range(0, Math.Min(8, width - first)).Select(slot => new RolloutSlot((uint)slot, []))];
                await engine.SubmitAsync(
                    new RolloutRequest("prompt", prompt++, 0, 1, model.Policy, new SamplingOptions { Temperature = 1, MaxNewTokens = length }, slots, tally, CancellationToken.None),
                    CancellationToken.None);
            }

            await tally.Done;
            return tally.Tokens;
        }
        ));
    }

    private sealed class Tally(int slots) : IRolloutObserver
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _tokens;
        private int _open = slots;

        public Task Done => _done.Task;

        public long Tokens => Volatile.Read(ref _tokens);

        public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
        {
            Interlocked.Add(ref _tokens, tokens.Count);
            return true;
        }

        public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
        {
            if (Interlocked.Decrement(ref _open) == 0)
            {
                _done.SetResult();
            }
        }

        public void OnFailed(string reason) => _done.TrySetException(new InvalidOperationException(reason));
    }
}
