using Etr.Core.Prompts;
using Etr.Core.Runs;
using Etr.Core.Tasks.Arithmetic;

namespace Etr.Core.Tasks;

/// <summary>The tasks that come with the program: <c>arithmetic</c>, generated, and <c>jsonl</c>, read from a file.</summary>
public sealed class PromptSetFactory : IPromptSetFactory
{
    /// <inheritdoc/>
    public IPromptSet Training(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.Task.Name switch
        {
            "arithmetic" => Arithmetic(configuration, ArithmeticSplit.Train, configuration.Task.Prompts),
            "jsonl" => PromptFileSet.Load(configuration.Task.Data, FileOptions(configuration)),
            var name => throw Unknown(name),
        };
    }

    /// <inheritdoc/>
    public IPromptSet? HeldOut(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.Evaluation.Prompts == 0)
            return null;
        return configuration.Task.Name switch
        {
            "arithmetic" => Arithmetic(configuration, ArithmeticSplit.HeldOut, configuration.Evaluation.Prompts),
            "jsonl" when configuration.Task.HeldOutData.Length == 0 => null,
            "jsonl" => PromptFileSet.Load(configuration.Task.HeldOutData, FileOptions(configuration) with { Limit = configuration.Evaluation.Prompts }),
            var name => throw Unknown(name),
        };
    }

    private static ArithmeticPromptSet Arithmetic(RunConfiguration configuration, ArithmeticSplit split, int count)
    {
        // Held-out prompts are the same for every seed, so that runs are compared on equal questions.
        ulong seed = split == ArithmeticSplit.Train ? (ulong)configuration.Run.Seed : 0;
        return new ArithmeticPromptSet(seed, split, count, ArithmeticStyles.Parse(configuration.Task.Styles));
    }

    private static PromptFileOptions FileOptions(RunConfiguration configuration) =>
        new() { BadRows = configuration.Task.BadRows == "skip" ? BadRowPolicy.Skip : BadRowPolicy.Fatal };

    private static ArgumentException Unknown(string name) => new($"There is no task '{name}'; there are arithmetic and jsonl.");
}
