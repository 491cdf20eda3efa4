using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Runs;

/// <summary><c>Etr:Dataset</c>: how prompt files are read, and which of their rows are asked (docs/data.md).</summary>
public sealed record DatasetOptions
{
    /// <summary>The layout of a run's own copy of its prompts, which is read without a check: only the program writes it.</summary>
    public const string Prepared = "prepared";

    /// <summary>How rows are laid out; <c>auto</c> goes by the names of a file's first row. The default value is <c>auto</c>.</summary>
    [AllowedValues("auto", "plain", "gsm8k", "math", "deepmath", "verl", "gpqa", Prepared)]
    public string Layout { get; init; } = "auto";

    /// <summary>Member with the question, in the layout's place; <c>a.b</c> is member b of a. The default value is empty: the layout's own.</summary>
    [StringLength(200)]
    public string Prompt { get; init; } = "";

    /// <summary>Member with the gold answer. The default value is empty: the layout's own.</summary>
    [StringLength(200)]
    public string Answer { get; init; } = "";

    /// <summary>
    /// What the answer is taken from its member by: <c>plain</c> (as it is), <c>boxed</c> (the last <c>\boxed{}</c>), <c>hashes</c> (what
    /// follows the last <c>####</c>). The default value is empty: the layout's own.
    /// </summary>
    [AllowedValues("", "plain", "boxed", "hashes")]
    public string AnswerForm { get; init; } = "";

    /// <summary>Member with the id. The default value is empty: the layout's own.</summary>
    [StringLength(200)]
    public string Id { get; init; } = "";

    /// <summary>Member with the category. The default value is empty: the layout's own.</summary>
    [StringLength(200)]
    public string Category { get; init; } = "";

    /// <summary>Member with the difficulty. The default value is empty: the layout's own.</summary>
    [StringLength(200)]
    public string Difficulty { get; init; } = "";

    /// <summary>
    /// What a question is put into: a text with <c>{prompt}</c> in it, <c>boxed</c> (reason step by step, answer in a box),
    /// <c>choice</c> (the letter in a box) or <c>none</c>. The default value is <c>none</c>.
    /// </summary>
    [RegularExpression(@"^(none|boxed|choice|[\s\S]{0,8000}\{prompt\}[\s\S]{0,8000})$")]
    public string Template { get; init; } = "none";

    /// <summary>Least difficulty that is kept; null keeps all. The default value is null.</summary>
    [Range(-1e9, 1e9)]
    public double? MinDifficulty { get; init; }

    /// <summary>Largest difficulty that is kept; null keeps all. The default value is null.</summary>
    [Range(-1e9, 1e9)]
    public double? MaxDifficulty { get; init; }

    /// <summary>Whether of rows with the same question the first alone is kept. The default value is true.</summary>
    public bool Deduplicate { get; init; } = true;

    /// <summary>First rows that are kept, of those that pass the filters above; 0 keeps all. The default value is 0.</summary>
    [Range(0, 10_000_000)]
    public int Rows { get; init; }

    /// <summary>Most tokens of a prompt, chat template included; longer ones are left out and counted. 0 is no limit. The default value is 0.</summary>
    [Range(0, 1_048_576)]
    public int MaxPromptTokens { get; init; }

    /// <summary>Share of the training file that is held out (0 to 0.5) where no file of held-out prompts is named. The default value is 0.</summary>
    [Range(0.0, 0.5)]
    public double HeldOutShare { get; init; }

    /// <summary>Number that the split goes by, beside the question. The default value is 0.</summary>
    [Range(0, long.MaxValue)]
    public long SplitSeed { get; init; }

    /// <summary>
    /// What becomes of a held-out question that is also trained on: <c>fail</c> (the run is refused), <c>warn</c>, or <c>drop</c> (it
    /// is not trained on). The default value is <c>fail</c>.
    /// </summary>
    [AllowedValues("fail", "warn", "drop")]
    public string Overlap { get; init; } = "fail";
}
