using System.Globalization;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Tokenizers;
using Etr.Silo.Cli;
using Etr.Silo.Engines;

namespace Etr.Silo.Training;

/// <summary>What a run takes of the memory of each device of a process, and whether they have that much.</summary>
/// <param name="Rollout">A sampler.</param>
/// <param name="Training">The learner.</param>
/// <param name="Devices">The devices: the learner's first.</param>
internal sealed record RunMemory(MemoryPlan Rollout, MemoryPlan Training, IReadOnlyList<DeviceNeed> Devices)
{
    // Prompts looked at for the longest one.
    private const int MostPrompts = 256;

    // The program itself: runtime, libtorch, cluster, store; on a CUDA device its context and the libraries' own.
    private const long Program = 768L << 20;

    private static readonly (string Setting, Func<RunConfiguration, RunConfiguration> With)[] Remedies =
    [
        ("Etr:Training:Checkpointing=true", run => run with { Training = run.Training with { Checkpointing = true } }),
        ("Etr:Training:Lora:Rank=16", run => run with { Training = run.Training with { Lora = run.Training.Lora with { Rank = 16 } } }),
        ("Etr:Policy:Weights=bf16", run => run.Policy.Device == "cpu" ? run : run with { Policy = run.Policy with { Weights = "bf16" } }),
        ("Etr:Policy:Slots=16", run => run with { Policy = run.Policy with { Slots = Math.Min(16, run.Policy.Slots) } }),
    ];

    /// <summary>The plan of a run.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="samplers">Devices of this process that draw, as <c>Etr:Cluster:Devices</c> names them; null for the run's own.</param>
    public static RunMemory Of(RunPlan plan, IReadOnlyList<string>? samplers = null) => Of(plan.Configuration, plan.Model.Config, LongestPrompt(plan), samplers);

    private static RunMemory Of(RunConfiguration run, ModelConfig model, int prompt, IReadOnlyList<string>? samplers)
    {
        int length = (int)Math.Min(model.ContextLength, prompt + (long)run.Sampling.MaxNewTokens);
        LoraOptions lora = run.Training.Lora;
        bool half = run.Policy.Weights == "bf16";
        var shape = new RolloutShape(run.Policy.Slots, length, Math.Min(prompt, length))
        {
            IsCpu = RolloutEngines.TakesCpu(run.Policy, model),
            IsInt8 = run.Policy.Quantization == "int8",
            IsHalf = half,
            CacheTokens = run.Policy.CacheTokens,
            Versions = run.Run.Mode == "sync" ? 1 : 2,
            Adapters = lora.IsOn() ? AdapterConfig.Of(lora) : null,
        };
        MemoryPlan rollout = RolloutMemory.Of(model, shape);
        MemoryPlan training = TrainingMemory.Of(model, run.Training, length, half, Threads(run));
        string[] drawing = [.. (samplers ?? [run.Policy.Device]).Select(name => DeviceSpec.Parse(name).Device)];
        return new RunMemory(rollout, training, [.. drawing.Prepend(run.Policy.Device).Distinct().Select(Need)]);

        DeviceNeed Need(string device)
        {
            int here = drawing.Count(name => name == device);
            bool trains = device == run.Policy.Device;
            return new DeviceNeed(device, here, trains, here * rollout.Bytes + (trains ? training.Bytes : 0) + Program, Available(run.Policy, device));
        }
    }

    private static int Threads(RunConfiguration run) => run.Policy.Device != "cpu" || run.Policy.Engine == "deterministic" ? 1
        : run.Training.Threads > 0 ? run.Training.Threads : Environment.ProcessorCount;

    private static long? Available(PolicyOptions policy, string device)
    {
        long? found = DeviceMemory.Of(device);
        long? planned = policy.DeviceMemory > 0 ? (long)(policy.DeviceMemory * (1L << 30)) : null;
        return planned < found ? planned : found ?? planned;
    }

    /// <summary>Says in a few lines what goes where.</summary>
    public void Print(Terminal terminal)
    {
        terminal.Line($"memory     sampler {Text(Rollout)}");
        terminal.Line($"           learner {Text(Training)}");
        foreach (DeviceNeed need in Devices)
            terminal.Line($"           {Size(need.Bytes)} with the program on {need.Device}{(need.Available is { } there ? $" of {Size(there)}{(need.Fits ? "" : ", which is too much")}" : "")}");
    }

    /// <summary>Refuses a run that cannot fit, and names what would make it fit.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="samplers">As in <see cref="Of(RunPlan, IReadOnlyList{string}?)"/>.</param>
    /// <exception cref="CommandFailure">It cannot.</exception>
    public static void Require(RunPlan plan, IReadOnlyList<string>? samplers = null)
    {
        ModelConfig model = plan.Model.Config;
        int prompt = LongestPrompt(plan);
        if (Tightest(plan.Configuration) is not { Fits: false } need)
            return;
        RunConfiguration run = plan.Configuration;
        string missing = $"the run needs {Size(need.Bytes)} of memory and there are {Size(need.Available!.Value)}{(Of(run, model, prompt, samplers).Devices.Count > 1 ? $" on {need.Device}" : "")}";
        var steps = new List<string>();
        foreach ((string setting, Func<RunConfiguration, RunConfiguration> with) in Remedies)
        {
            RunConfiguration changed = with(run);
            DeviceNeed after = Tightest(changed);
            if (after.Bytes >= Tightest(run).Bytes)
                continue;
            run = changed;
            steps.Add($"--set {setting}");
            if (after.Fits)
                throw new CommandFailure($"{missing}; with {string.Join(' ', steps)} it needs {Size(after.Bytes)}");
        }

        throw new CommandFailure(
            $"{missing}; even with {string.Join(' ', steps)} it needs {Size(Tightest(run).Bytes)}: shorten traces (Etr:Sampling:MaxNewTokens), hold fewer at once (Etr:Policy:CacheTokens), take a smaller model, or a larger machine");

        // The device that has least left; one of which nobody knows what it has is not looked at.
        DeviceNeed Tightest(RunConfiguration configuration) =>
            Of(configuration, model, prompt, samplers).Devices.MaxBy(device => device.Available is { } there ? device.Bytes - there : long.MinValue)!;
    }

    /// <summary>A number of bytes for people.</summary>
    internal static string Size(long bytes) => bytes < 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");

    /// <summary>A plan for people.</summary>
    internal static string Text(MemoryPlan plan) =>
        $"{Size(plan.Bytes)}: {string.Join(", ", plan.Uses.Select(use => $"{use.Name} {Size(use.Bytes)}"))}";

    private static int LongestPrompt(RunPlan plan)
    {
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(plan.Configuration.Policy.Path, ModelFiles.Tokenizer));
        IPromptSet prompts = plan.Prompts;
        int longest = 0;
        for (int i = 0; i < Math.Min(MostPrompts, prompts.Count); i++)
            longest = Math.Max(longest, TokensOf(tokenizer, prompts[i].Text));
        return longest + 1;
    }

    private static int TokensOf(IPolicyTokenizer tokenizer, string text)
    {
        try
        {
            return tokenizer.Encode(text).Count;
        }
        catch (ArgumentException)
        {
            // A prompt the policy has no tokens for is refused where it is drawn.
            return 0;
        }
    }
}
