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

namespace Etr.Silo.Training;

/// <summary>What a run takes of this machine's memory where sampler and learner share it, and whether it has that much.</summary>
/// <param name="Rollout">The sampler.</param>
/// <param name="Training">The learner.</param>
/// <param name="Available">Bytes there are; null where the device is not asked.</param>
internal sealed record RunMemory(MemoryPlan Rollout, MemoryPlan Training, long? Available)
{
    // Prompts looked at for the longest one.
    private const int MostPrompts = 256;

    // The program itself: runtime, libtorch, cluster, store.
    private const long Program = 768L << 20;

    private static readonly (string Setting, Func<RunConfiguration, RunConfiguration> With)[] Remedies =
    [
        ("Etr:Training:Checkpointing=true", run => run with { Training = run.Training with { Checkpointing = true } }),
        ("Etr:Training:Lora:Rank=16", run => run with { Training = run.Training with { Lora = run.Training.Lora with { Rank = 16 } } }),
        ("Etr:Policy:Slots=16", run => run with { Policy = run.Policy with { Slots = Math.Min(16, run.Policy.Slots) } }),
    ];

    /// <summary>Sampler and learner, and the program around them.</summary>
    public long Bytes => Rollout.Bytes + Training.Bytes + Program;

    /// <summary>The plan of a run.</summary>
    public static RunMemory Of(RunPlan plan) => Of(plan.Configuration, plan.Model.Config, LongestPrompt(plan));

    private static RunMemory Of(RunConfiguration run, ModelConfig model, int prompt)
    {
        int length = (int)Math.Min(model.ContextLength, prompt + (long)run.Sampling.MaxNewTokens);
        LoraOptions lora = run.Training.Lora;
        var shape = new RolloutShape(run.Policy.Slots, length, Math.Min(prompt, length))
        {
            IsCpu = RolloutEngines.TakesCpu(run.Policy, model),
            IsInt8 = run.Policy.Quantization == "int8",
            Versions = run.Run.Mode == "sync" ? 1 : 2,
            Adapters = lora.IsOn() ? AdapterConfig.Of(lora) : null,
        };
        return new RunMemory(RolloutMemory.Of(model, shape), TrainingMemory.Of(model, run.Training, length), DeviceMemory.Of(run.Policy.Device));
    }

    /// <summary>Says in two lines what goes where.</summary>
    public void Print(Terminal terminal)
    {
        terminal.Line($"memory     sampler {Text(Rollout)}");
        terminal.Line($"           learner {Text(Training)}");
        terminal.Line($"           {Size(Bytes)} with the program{(Available is { } there ? $" of {Size(there)}" : "")}");
    }

    /// <summary>Refuses a run that cannot fit, and names what would make it fit.</summary>
    /// <exception cref="CommandFailure">It cannot.</exception>
    public static void Require(RunPlan plan)
    {
        RunMemory memory = Of(plan);
        if (memory.Available is not { } there || memory.Bytes <= there)
            return;
        RunConfiguration run = plan.Configuration;
        int prompt = LongestPrompt(plan);
        var steps = new List<string>();
        foreach ((string setting, Func<RunConfiguration, RunConfiguration> with) in Remedies)
        {
            long before = Of(run, plan.Model.Config, prompt).Bytes;
            RunConfiguration changed = with(run);
            long after = Of(changed, plan.Model.Config, prompt).Bytes;
            if (after >= before)
                continue;
            run = changed;
            steps.Add($"--set {setting}");
            if (after <= there)
                throw new CommandFailure($"the run needs {Size(memory.Bytes)} of memory and there are {Size(there)}; with {string.Join(' ', steps)} it needs {Size(after)}");
        }

        throw new CommandFailure(
            $"the run needs {Size(memory.Bytes)} of memory and there are {Size(there)}; even with {string.Join(' ', steps)} it needs {Size(Of(run, plan.Model.Config, prompt).Bytes)}: shorten traces (Etr:Sampling:MaxNewTokens), take a smaller model, or a larger machine");
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
