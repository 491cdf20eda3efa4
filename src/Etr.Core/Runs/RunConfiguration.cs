using System.ComponentModel.DataAnnotations;
using Etr.Core.Extensions;
using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;
using Etr.Core.Training;

namespace Etr.Core.Runs;

/// <summary>
/// Everything that decides what a run computes. It is resolved once, stored with the run and never read from files again:
/// a resumed run goes on under the configuration it started with. Section names are the keys under <c>Etr:</c>.
/// </summary>
public sealed record RunConfiguration
{
    /// <summary>The shape of the run.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>What is trained on.</summary>
    public TaskOptions Task { get; init; } = new();

    /// <summary>How its prompt files are read.</summary>
    public DatasetOptions Dataset { get; init; } = new();

    /// <summary>The policy and its engines.</summary>
    public PolicyOptions Policy { get; init; } = new();

    /// <summary>How traces are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>What a trace is paid for.</summary>
    public RewardOptions Reward { get; init; } = new();

    /// <summary>The policy update.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>The evaluation before and after.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>What is done when the reward begins to pay for what nobody wants.</summary>
    public GuardOptions Guards { get; init; } = new();

    /// <summary>What is told of what goes wrong; it changes nothing.</summary>
    public DiagnosisOptions Diagnosis { get; init; } = new();
}

/// <summary><c>Etr:Run</c>: the shape of the run.</summary>
public sealed record RunOptions
{
    /// <summary>Traces per group. The default value is 8.</summary>
    [Range(1, 256)]
    public int GroupSize { get; init; } = 8;

    /// <summary>Groups per policy update. The default value is 16.</summary>
    [Range(1, 4096)]
    public int PromptsPerStep { get; init; } = 16;

    /// <summary>Policy updates. The default value is 60.</summary>
    [Range(1, 1_000_000)]
    public int Steps { get; init; } = 60;

    /// <summary>
    /// How drawing and training share the time: <c>sync</c> (they take turns), <c>async</c> (groups are opened up to
    /// <see cref="Staleness"/> steps ahead) or <c>in-flight</c> (the same, and a commit switches the traces under way to the new
    /// policy between two tokens). The default value is <c>sync</c>.
    /// </summary>
    [AllowedValues("sync", "async", "in-flight")]
    public string Mode { get; init; } = "sync";

    /// <summary>η, most steps by which the policy that drew a token may lag behind; <c>sync</c> allows none. The default value is 1.</summary>
    [Range(0, 64)]
    public int Staleness { get; init; } = 1;

    /// <summary>
    /// Which groups are dropped before they are trained on: <c>none</c>, or <c>no-signal</c>, those whose advantages are all zero (never
    /// "all right": such a group may teach by its trend). A fresh prompt takes the place of each. The default value is <c>none</c>.
    /// </summary>
    [AllowedValues("none", "no-signal")]
    public string Filter { get; init; } = "none";

    /// <summary>Most groups that are dropped for want of signal between two steps; what comes after is trained on. The default value is 16.</summary>
    [Range(0, 65_536)]
    public int FilterBudget { get; init; } = 16;

    /// <summary>
    /// How prompts are chosen: <c>none</c> (each once an epoch, in a random order) or <c>history</c> (of some that are next in that
    /// order, one by what its last round left to learn: docs/method.md). The default value is <c>none</c>.
    /// </summary>
    [AllowedValues("none", "history")]
    public string Curriculum { get; init; } = "none";

    /// <summary>Prompts from which the curriculum chooses one. The default value is 4.</summary>
    [Range(2, 64)]
    public int CurriculumChoices { get; init; } = 4;

    /// <summary>
    /// Newest steps whose checkpoints and policies are kept, beside the best one evaluated; more where <see cref="Staleness"/> needs
    /// them. The default value is 2.
    /// </summary>
    [Range(1, 1000)]
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Seed of every random number of the run. The default value is 1.</summary>
    [Range(0, long.MaxValue)]
    public long Seed { get; init; } = 1;

    /// <summary>
    /// The run ends early once this many consecutive steps had a share of groups with signal (a non-zero advantage) below
    /// <see cref="SignalFloor"/>; 0 never ends early. The default value is 3.
    /// </summary>
    [Range(0, 1000)]
    public int StopAfterQuietSteps { get; init; } = 3;

    /// <summary>Share of groups with signal (0 to 1) under which a step counts as quiet. The default value is 0.1.</summary>
    [Range(0.0, 1.0)]
    public double SignalFloor { get; init; } = 0.1;

    /// <summary>Seconds that one call of a shaper or grader of your own may take. The default value is 5.</summary>
    [Range(0.001, 600.0)]
    public double ExtensionDeadline { get; init; } = 5;

    /// <summary>Calls of a shaper or grader of your own that may be given up before it is switched off. The default value is 3.</summary>
    [Range(0, 64)]
    public int ExtensionAbandoned { get; init; } = 3;
}

/// <summary><c>Etr:Task</c>: what is trained on.</summary>
public sealed record TaskOptions
{
    /// <summary><c>arithmetic</c> (generated) or <c>jsonl</c> (the files of <see cref="Data"/>: docs/data.md). The default value is <c>arithmetic</c>.</summary>
    [AllowedValues("arithmetic", "jsonl")]
    public string Name { get; init; } = "arithmetic";

    /// <summary>Different training prompts of a generated task. The default value is 256.</summary>
    [Range(1, 10_000_000)]
    public int Prompts { get; init; } = 256;

    /// <summary>Styles of the <c>arithmetic</c> task, a letter each, of <c>ABCD</c> (docs/tasks.md). The default value is <c>ABC</c>.</summary>
    [Required, RegularExpression(ArithmeticStyles.Pattern)]
    public string Styles { get; init; } = "ABC";

    /// <summary>File of training prompts, JSONL or Parquet, or a directory of such, for <c>jsonl</c>. The default value is empty.</summary>
    public string Data { get; init; } = "";

    /// <summary>
    /// File or directory of held-out prompts, for <c>jsonl</c>. The default value is empty: those that <c>Etr:Dataset:HeldOutShare</c> holds
    /// out, and without it none, so no before/after.
    /// </summary>
    public string HeldOutData { get; init; } = "";

    /// <summary>What to do with a row that is not a prompt: <c>fail</c> or <c>skip</c> (counted). The default value is <c>fail</c>.</summary>
    [AllowedValues("fail", "skip")]
    public string BadRows { get; init; } = "fail";

    /// <summary>
    /// Answer grader: <c>equivalence</c>, <c>boxed</c>, <c>final-line</c>, or a class of your own as <c>type:Full.Type.Name</c>; empty
    /// takes the task's own. The default value is empty.
    /// </summary>
    [AllowedOrType("", "equivalence", "boxed", "final-line", "type:CLASS")]
    public string Grader { get; init; } = "";

    /// <summary>Assembly (dll) with a grader of your own; every silo reads it at this path. The default value is empty.</summary>
    public string GraderAssembly { get; init; } = "";
}

/// <summary><c>Etr:Policy</c>: the policy and its engines.</summary>
public sealed record PolicyOptions
{
    private const string TemplateMark = "template=";

    /// <summary>Directory with config.json, tokenizer.json and model.safetensors, or shards with their index. The default value is <c>models/arithmetic</c>.</summary>
    [Required]
    public string Path { get; init; } = "models/arithmetic";

    /// <summary>
    /// What draws: <c>torch</c> (libtorch, any device), <c>cpu</c> (the engine for small models, on the CPU whatever the device), or
    /// <c>auto</c>, which takes <c>cpu</c> where the device is the CPU and the model has at most 150 million parameters, and
    /// <c>torch</c> elsewhere. <c>deterministic</c> draws as <c>cpu</c> does, whose traces are bit-stable, and trains on one thread. The
    /// default value is <c>auto</c>.
    /// </summary>
    [AllowedValues("auto", "torch", "cpu", "deterministic")]
    public string Engine { get; init; } = "auto";

    /// <summary>
    /// Weights that a sampler draws with: <c>none</c> (fp32) or <c>int8</c> (rounded to a byte each as they are loaded; the cpu engine alone;
    /// the sampler's log-probabilities then lie further from the learner's). The default value is <c>none</c>.
    /// </summary>
    [AllowedValues("none", "int8")]
    public string Quantization { get; init; } = "none";

    /// <summary>
    /// Element type in which the torch engine holds the weights of layers, and keys and values, and the learner the weights that stand still
    /// under adapters: <c>f32</c> or <c>bf16</c>. Norms, the output head, adapters and all sums are fp32 in both. The default value is
    /// <c>f32</c>.
    /// </summary>
    [AllowedValues("f32", "bf16")]
    public string Weights { get; init; } = "f32";

    /// <summary>
    /// Most tokens, prompts counted, whose keys and values the torch engine holds at once. Slots that do not fit wait, those that came last
    /// first, and are read again; 0 holds as many as the slots come to. The default value is 0.
    /// </summary>
    [Range(0, 1_000_000_000)]
    public int CacheTokens { get; init; }

    /// <summary>
    /// What a prompt is put into before the model reads it: <c>auto</c> (the chat template of its tokenizer_config.json or
    /// chat_template.jinja; none where it brings none, as the shipped model), <c>none</c>, or a family's by name. Special tokens in a
    /// prompt's own text are plain text in every case. The default value is <c>auto</c>.
    /// </summary>
    [AllowedValues("auto", "none", "chatml", "qwen2.5", "qwen3", "deepseek", "deepseek-r1", "llama3")]
    public string Template { get; init; } = "auto";

    /// <summary>
    /// Engine, weights and template in one word, as samplers are asked for them: <c>cpu</c>, <c>cpu+int8</c>,
    /// <c>cpu+template=qwen3</c>.
    /// </summary>
    public string ToEngineKind() =>
        Engine + (Quantization == "none" ? "" : $"+{Quantization}") + (Weights == "f32" ? "" : $"+{Weights}") + (Template == "auto" ? "" : $"+{TemplateMark}{Template}");

    /// <summary>These options with what <see cref="ToEngineKind"/> has put into one word.</summary>
    public PolicyOptions WithEngineKind(string kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        string[] parts = kind.Split('+');
        return this with
        {
            Engine = parts[0],
            Quantization = parts.Skip(1).FirstOrDefault(part => part is not "bf16" && !part.StartsWith(TemplateMark, StringComparison.Ordinal)) ?? "none",
            Weights = parts.Skip(1).FirstOrDefault(part => part is "bf16") ?? "f32",
            Template = parts.Skip(1).FirstOrDefault(part => part.StartsWith(TemplateMark, StringComparison.Ordinal))?[TemplateMark.Length..] ?? "auto",
        };
    }

    /// <summary><c>cpu</c> or <c>cuda:N</c>. The default value is <c>cpu</c>.</summary>
    [RegularExpression("^(cpu|cuda:[0-9]{1,2})$")]
    public string Device { get; init; } = "cpu";

    /// <summary>
    /// GiB of memory that the run is planned for, a device; 0 asks the device. Where the device can be asked too, the smaller number counts.
    /// The default value is 0.
    /// </summary>
    [Range(0.0, 1_048_576.0)]
    public double DeviceMemory { get; init; }

    /// <summary>Slots a sampler decodes at once. The default value is 128.</summary>
    [Range(1, 4096)]
    public int Slots { get; init; } = 128;

    /// <summary>Threads of tensor operations; 0 takes one per core. The default value is 0.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }
}

/// <summary><c>Etr:Reward</c>: what a trace is paid for.</summary>
public sealed record RewardOptions
{
    /// <summary>
    /// Reward shaper, one of docs/method.md's, or a class of your own as <c>type:Full.Type.Name</c>. The default value is
    /// <c>guarded</c>.
    /// </summary>
    [AllowedOrType(
        "guarded", "paper", "reference", "outcome", "telescoped", "min-entropy", "pear", "lcpo-exact", "lcpo-max", "o1-pruner",
        "kimi-length", "max-entropy", "ungated", "variation-only", "random", "overlong", "type:CLASS")]
    public string Shaper { get; init; } = "guarded";

    /// <summary>
    /// Several shapers with weights in <see cref="Shaper"/>'s place, such as <c>outcome=1, lcpo-max=0.5, kimi-length=0</c>: the reward
    /// is the weighted sum, and one of weight 0 is recorded only. The default value is empty: <see cref="Shaper"/> alone.
    /// </summary>
    [StringLength(4096)]
    public string Mix { get; init; } = "";

    /// <summary>Assembly (dll) with shapers of your own; every silo reads it at this path. The default value is empty.</summary>
    public string Assembly { get; init; } = "";

    /// <summary>
    /// Preset of the trend that is measured: <c>guarded</c>, <c>paper</c> or <c>reference</c>; empty takes the shaper's own
    /// (<c>ungated</c> measures <c>paper</c>, what else is not a preset's name <c>guarded</c>). The default value is empty.
    /// </summary>
    [AllowedValues("", "guarded", "paper", "reference")]
    public string Preset { get; init; } = "";

    /// <summary>Advantage estimator; empty takes the shaper's own. The default value is empty.</summary>
    [AllowedValues("", "group", "center", "rloo", "batch", "trend-normalized")]
    public string Estimator { get; init; } = "";

    /// <summary>α, what a fall of entropy earns; null takes the preset's. The default value is null.</summary>
    [Range(0.0, 100.0)]
    public double? Alpha { get; init; }

    /// <summary>β, what a rise of entropy costs; null takes the preset's. The default value is null.</summary>
    [Range(0.0, 100.0)]
    public double? Beta { get; init; }

    /// <summary>γ, the momentum (0 to 1); null takes the preset's. The default value is null.</summary>
    [Range(0.0, 1.0)]
    public double? Gamma { get; init; }

    /// <summary>λ, the weight of the trend in the reward; null takes the preset's. The default value is null.</summary>
    [Range(0.0, 100.0)]
    public double? Lambda { get; init; }

    /// <summary>w, the weight of the trend under <c>trend-normalized</c>. The default value is 0.4.</summary>
    [Range(0.0, 100.0)]
    public double TrendWeight { get; init; } = 0.4;

    /// <summary>τ (nats), the spread below which a difference in trend is noise. The default value is 0.05.</summary>
    [Range(1e-9, 100.0)]
    public double TrendEpsilon { get; init; } = 0.05;

    /// <summary>
    /// n*, tokens a trace should have under <c>lcpo-exact</c> and <c>lcpo-max</c>. The default value is 40: about the shortest chains
    /// of the built-in task, which are 33 to 38 tokens.
    /// </summary>
    [Range(1.0, 1_048_576.0)]
    public double Budget { get; init; } = 40;

    /// <summary>What a token off the budget costs under <c>lcpo-exact</c> and <c>lcpo-max</c>. The default value is 3e-4.</summary>
    [Range(0.0, 1.0)]
    public double TokenCost { get; init; } = 3e-4;

    /// <summary>What accuracy weighs against length under <c>o1-pruner</c>. The default value is 2.</summary>
    [Range(0.0, 100.0)]
    public double AccuracyWeight { get; init; } = 2;

    /// <summary>
    /// L0 of <c>o1-pruner</c>, the reference policy's mean tokens a trace on prompts that <see cref="ReferenceFigures"/> does not name;
    /// null: none. The default value is null.
    /// </summary>
    [Range(1.0, 1_048_576.0)]
    public double? ReferenceLength { get; init; }

    /// <summary>A0 of <c>o1-pruner</c>, its accuracy (0 to 1) on those prompts; null: none. The default value is null.</summary>
    [Range(0.0, 1.0)]
    public double? ReferenceAccuracy { get; init; }

    /// <summary>
    /// File that <c>etr eval --out FILE</c> wrote of the reference policy on the training prompts: L0 and A0 by prompt, for
    /// <c>o1-pruner</c>. The default value is empty: none.
    /// </summary>
    public string ReferenceFigures { get; init; } = "";

    /// <summary>
    /// L_max of <c>overlong</c> and of <c>Etr:Training:Truncated=penalise</c>, in tokens; 0 takes <c>Etr:Sampling:MaxNewTokens</c>. The
    /// default value is 0.
    /// </summary>
    [Range(0, 1_048_576)]
    public int OverlongLength { get; init; }

    /// <summary>L_c there, the width of the slope before L_max in tokens; null takes a fifth of L_max. The default value is null.</summary>
    [Range(0, 1_048_576)]
    public int? OverlongBuffer { get; init; }
}

/// <summary><c>Etr:Evaluation</c>: the evaluation before and after.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Held-out prompts; 0 skips the evaluation. The default value is 256.</summary>
    [Range(0, 1_000_000)]
    public int Prompts { get; init; } = 256;

    /// <summary>Traces per held-out prompt at the run's temperature. The default value is 4.</summary>
    [Range(1, 1024)]
    public int Samples { get; init; } = 4;

    /// <summary>Whether greedy traces are evaluated beside them. The default value is true.</summary>
    public bool Greedy { get; init; } = true;

    /// <summary>Steps between two evaluations during the run, sampled ones only; 0 makes none. The default value is 0.</summary>
    [Range(0, 1_000_000)]
    public int Every { get; init; }

    /// <summary>
    /// The run ends after so many evaluations in a row that were not better than the best one: in accuracy, or, where that is
    /// equal, in length; 0 never ends it. The default value is 0.
    /// </summary>
    [Range(0, 1000)]
    public int Patience { get; init; }

    /// <summary>
    /// The learning rate is multiplied by <see cref="DecayFactor"/> after so many evaluations in a row that were not better than the
    /// best one, and again after as many more. What an evaluation decides holds from <see cref="Every"/> steps after the step
    /// evaluated; that step waits for it. 0 never does. The default value is 0.
    /// </summary>
    [Range(0, 1000)]
    public int DecayPatience { get; init; }

    /// <summary>What <see cref="DecayPatience"/> multiplies the learning rate by; 0 goes to <see cref="DecayFloor"/> at once. The default value is 0.5.</summary>
    [Range(0.0, 0.999)]
    public double DecayFactor { get; init; } = 0.5;

    /// <summary>Share of the learning rate that stays however often it is decayed; with 0 training may stop. The default value is 0.1.</summary>
    [Range(0.0, 1.0)]
    public double DecayFloor { get; init; } = 0.1;
}
