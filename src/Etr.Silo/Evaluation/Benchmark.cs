using System.Globalization;

namespace Etr.Silo.Evaluation;

/// <summary>
/// A published benchmark, read from a file of the user's own. The protocol is that of the paper's evaluation (arXiv 2604.05355): greedy,
/// 16,384 new tokens, the answer in a box.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Questions">Questions of the published set.</param>
/// <param name="Template"><c>Etr:Dataset:Template</c>.</param>
/// <param name="Source">Where it comes from, for people.</param>
internal sealed record Benchmark(string Name, int Questions, string Template, string Source)
{
    private const int Everything = 1_000_000;

    /// <summary>Those that are known.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new("gsm8k", 1319, "boxed", "arXiv 2110.14168, its test split"),
        new("math500", 500, "boxed", "arXiv 2305.20050, 500 problems of MATH's test split (arXiv 2103.03874)"),
        new("aime24", 30, "boxed", "AIME I and II of 2024"),
        new("amc23", 40, "boxed", "AMC 12 of 2023, the problems with an integer answer"),
        new("gpqa-diamond", 198, "choice", "arXiv 2311.12022, its diamond subset"),
    ];

    /// <summary>Settings it stands for; what a person sets is laid over them.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Settings =>
    [
        new("Etr:Dataset:Layout", "auto"),
        new("Etr:Dataset:Template", Template),
        new("Etr:Dataset:Deduplicate", "false"),
        new("Etr:Task:Grader", "equivalence"),
        new("Etr:Sampling:Temperature", "0"),
        new("Etr:Sampling:MaxNewTokens", "16384"),
        new("Etr:Evaluation:Samples", "1"),
        new("Etr:Evaluation:Prompts", Everything.ToString(CultureInfo.InvariantCulture)),
    ];

    /// <summary>Finds one.</summary>
    public static Benchmark? Find(string? name) => All.FirstOrDefault(benchmark => benchmark.Name == name);
}
