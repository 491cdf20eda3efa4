using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Etr.Benchmarks.Loading;
using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Policy.Tokenizers;
using Etr.Policy.Training;

namespace Etr.Benchmarks.Memory;

/// <summary>
/// <c>memory-plan</c>: the plan of a model shaped as Qwen2.5-7B and an eighth as wide, against the growth of a process's peak over loading it
/// and drawing to the end, or loading it and two steps. Each case in a process of its own, twice: with every tensor in pages of its own, which
/// go back to the system when it is freed, and with the allocator as it comes. The plan counts tensors, so the first is what it is held to.
/// </summary>
internal static class MemoryPlanBenchmark
{
    private const int Slots = 16;
    private const int Prompt = 32;
    private const int Length = 256;
    private const int LongestTrace = 512;

    // 7B has 28 layers of 3584, 28 heads of 128 on 4, 18944 within and 152064 tokens.
    private static readonly ModelConfig Model = new()
    {
        VocabularySize = 19_008,
        HiddenSize = 448,
        IntermediateSize = 2368,
        Layers = 28,
        Heads = 14,
        KeyValueHeads = 2,
        HeadSize = 32,
        ContextLength = 8192,
        TiedHead = false,
        EndTokens = [19_007],
    };

    private static readonly (string Name, PlanCase Case)[] Cases =
    [
        ("rollout, f32", new PlanCase(Engine: new RolloutShape(Slots, Length, Prompt))),
        ("rollout, bf16", new PlanCase(Engine: new RolloutShape(Slots, Length, Prompt) { IsHalf = true })),
        ("rollout, bf16, cache of 2,048 tokens", new PlanCase(Engine: new RolloutShape(Slots, Length, Prompt) { IsHalf = true, CacheTokens = 2048 })),
        ("rollout, cpu engine", new PlanCase(Engine: new RolloutShape(Slots, Length, Prompt) { IsCpu = true })),
        ("training, whole weights", new PlanCase(Training: new TrainingOptions { MicroBatchTokens = 1024 })),
        ("training, whole weights, KL, checkpointing", new PlanCase(Training: new TrainingOptions { MicroBatchTokens = 1024, Checkpointing = true, KlCoefficient = 0.005 })),
        ("training, rank 32", new PlanCase(Training: new TrainingOptions { MicroBatchTokens = 1024, Lora = new LoraOptions { Rank = 32 } })),
        ("training, rank 32, KL, checkpointing", new PlanCase(Training: new TrainingOptions { MicroBatchTokens = 1024, Checkpointing = true, KlCoefficient = 0.005, Lora = new LoraOptions { Rank = 32 } })),
        ("training, rank 32, bf16, KL, checkpointing", new PlanCase(
            Training: new TrainingOptions { MicroBatchTokens = 1024, Checkpointing = true, KlCoefficient = 0.005, EntropyCoefficient = 1e-4, Lora = new LoraOptions { Rank = 32 } }, Half: true)),
        ("training, rank 32, checkpointing, long", new PlanCase(Training: new TrainingOptions { MicroBatchTokens = 4096, Checkpointing = true, Lora = new LoraOptions { Rank = 32 } }, Trace: 4096)),
        ("training, rank 32, bf16, checkpointing, long", new PlanCase(Training: new TrainingOptions { MicroBatchTokens = 4096, Checkpointing = true, Lora = new LoraOptions { Rank = 32 } }, Half: true, Trace: 4096)),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is [string number, string path] && int.TryParse(number, CultureInfo.InvariantCulture, out int index))
        {
            Console.WriteLine(Measure(Cases[index].Case, path).ToString(CultureInfo.InvariantCulture));
            return 0;
        }

        string folder = Directory.CreateTempSubdirectory("etr-memory-").FullName;
        try
        {
            using (DecoderWeights weights = DecoderWeights.Initialise(Model, 1))
                weights.Save(Path.Combine(folder, ModelFiles.Weights));
            Model.Write(Path.Combine(folder, ModelFiles.Config));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Model.ParameterCount / 1e6:0.0} M parameters; MiB"));
            for (int i = 0; i < Cases.Length; i++)
            {
                if (args.Length > 0 && !Cases[i].Name.Contains(args[0], StringComparison.Ordinal))
                    continue;
                MemoryPlan plan = Cases[i].Case.Plan(Model);
                long measured = await InProcessAsync(i, folder, pages: true);
                long usual = await InProcessAsync(i, folder, pages: false);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Cases[i].Name,-44} planned {plan.Bytes >> 20,5}, measured {measured >> 20,5}, {100.0 * plan.Bytes / measured - 100,5:+0.0;-0.0} %; allocator as it comes {usual >> 20,5}  ({string.Join(", ", plan.Uses.Select(use => $"{use.Name} {use.Bytes >> 20}"))})"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task<long> InProcessAsync(int index, string folder, bool pages)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["memory-plan", $"{index}", folder]) { RedirectStandardOutput = true };
        if (pages)
            start.Environment["MALLOC_MMAP_THRESHOLD_"] = "65536";
        using Process child = Process.Start(start)!;
        return long.Parse((await child.StandardOutput.ReadToEndAsync()).Trim(), CultureInfo.InvariantCulture);
    }

    private static long Measure(PlanCase what, string folder)
    {
        // What is loaded once for all is loaded before, libtorch's own pages among it.
        TorchRuntime.Start("cpu", 1);
        TorchRuntime.UseThreads(1);
        WarmUp(what);
        return PeakMemory.Of(() => Work(what, Model, folder));
    }

    private static void WarmUp(PlanCase what)
    {
        string folder = Directory.CreateTempSubdirectory("etr-memory-").FullName;
        ModelConfig little = Model with { Layers = 1, VocabularySize = 64, HiddenSize = 56, IntermediateSize = 64, Heads = 7, KeyValueHeads = 1, HeadSize = 8, EndTokens = [63] };
        using (DecoderWeights weights = DecoderWeights.Initialise(little, 1))
            weights.Save(Path.Combine(folder, ModelFiles.Weights));
        little.Write(Path.Combine(folder, ModelFiles.Config));
        Work(what, little, folder);
        Directory.Delete(folder, recursive: true);
    }

    private static void Work(PlanCase what, ModelConfig model, string folder)
    {
        if (what.Engine is { } shape)
            DrawAsync(shape, model, Path.Combine(folder, ModelFiles.Weights)).GetAwaiter().GetResult();
        else
            Train(what, model, folder);
    }

    private static async Task DrawAsync(RolloutShape shape, ModelConfig model, string file)
    {
        string sha256;
        await using (FileStream stream = File.OpenRead(file))
            sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream));
        var options = new RolloutEngineOptions { Threads = 1, Capacity = shape.Slots, CacheTokens = shape.CacheTokens, HalfPrecision = shape.IsHalf };
        var clock = new EngineClock(TimeProvider.System);
        await using IRolloutEngine engine = shape.IsCpu
            ? new Policy.Rollouts.Cpu.CpuRolloutEngine(model, new Letters(), options, clock)
            : new TorchRolloutEngine(model, new Letters(), options, clock);
        var drawn = new Drawn();
        var sampling = new SamplingOptions { Temperature = 0.7, MaxNewTokens = shape.Length - shape.PromptLength };
        // Every slot has a prompt of its own: nothing is shared.
        for (uint prompt = 0; prompt < shape.Slots; prompt++)
            await engine.SubmitAsync(new RolloutRequest($"{prompt}", prompt, 0, 1, new PolicyRef(0, file, sha256), sampling, [new RolloutSlot(0, [])], drawn.Observe(), default), default);
        await drawn.AllAsync();
    }

    private static void Train(PlanCase what, ModelConfig model, string folder)
    {
        using Learner learner = Learner.Open(folder, what.Training!, 1.0, TorchRuntime.Start("cpu", 1), new AdapterStart(HalfPrecision: what.Half));
        // Two traces fill a short micro-batch; of long ones a step has one.
        int traces = what.Trace > LongestTrace ? 1 : 4;
        for (int step = 1; step <= (traces == 1 ? 1 : 2); step++)
            learner.Step(Batch(step, traces, what.Trace, model.VocabularySize), CancellationToken.None);
    }

    private static TrainingBatch Batch(int step, int traces, int length, int vocabulary)
    {
        var random = new Random(step);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
        float[] logProbs = [.. Enumerable.Repeat(-10f, length - Prompt)];
        return new TrainingBatch(step, [new TrainingGroup(
            step, Ids(Prompt + 1), [.. Enumerable.Range(0, traces).Select(slot => new TrainingTrace(Ids(length - Prompt), logProbs, slot % 2 == 0 ? 1 : -1, Masked: false))])]);
    }

    private sealed record PlanCase(RolloutShape? Engine = null, TrainingOptions? Training = null, bool Half = false, int Trace = LongestTrace)
    {
        public MemoryPlan Plan(ModelConfig model) => Engine is { } shape ? RolloutMemory.Of(model, shape) : TrainingMemory.Of(model, Training!, Trace, Half);
    }

    private sealed class Drawn
    {
        private readonly List<Task> _all = [];

        public Task AllAsync() => Task.WhenAll(_all);

        public IRolloutObserver Observe()
        {
            var one = new One();
            _all.Add(one.Ended);
            return one;
        }

        private sealed class One : IRolloutObserver
        {
            private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

            public Task Ended => _ended.Task;

            public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens) => true;

            public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens) => _ended.TrySetResult();

            public void OnFailed(string reason) => _ended.TrySetException(new InvalidOperationException(reason));
        }
    }

    private sealed class Letters : IPolicyTokenizer
    {
        public int VocabularySize => 64;

        public IReadOnlyList<int> Encode(string text) => [.. Enumerable.Range(3, Prompt)];

        public string TextOf(int id) => "x";
    }
}
