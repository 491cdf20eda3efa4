using Etr.Core.Prompts;
using Etr.Core.Runs;
using Etr.Core.Tasks.Arithmetic;

namespace Etr.Core.Tasks;

/// <summary>The tasks that come with the program: <c>arithmetic</c>, generated, and <c>jsonl</c>, read from files.</summary>
/// <param name="sources">Opens files; single files of JSON lines where null.</param>
/// <param name="measure">Counts tokens; null checks none, as for a run's own copy, which was checked.</param>
public sealed class PromptSetFactory(IPromptSources? sources = null, IPromptMeasure? measure = null) : IPromptSetFactory
{
    private readonly IPromptSources _sources = sources ?? new JsonLinesSources();

    /// <inheritdoc/>
    public IPromptSet Training(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.Task.Name switch
        {
            "arithmetic" => Arithmetic(configuration, ArithmeticSplit.Train, configuration.Task.Prompts),
            "jsonl" => Files(configuration, CancellationToken.None).Training,
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
            "jsonl" when configuration.Task.HeldOutData.Length > 0 => First(HeldOutFiles(configuration, CancellationToken.None).Training, configuration),
            "jsonl" when configuration.Dataset.HeldOutShare > 0 => First(Files(configuration, CancellationToken.None).HeldOut, configuration),
            "jsonl" => null,
            var name => throw Unknown(name),
        };
    }

    /// <summary>Makes both sets of a configuration, its files gone through once, and checks that they have no question in common.</summary>
    /// <param name="configuration">The run's configuration.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="PromptFileException">A file can't be used, has a bad row where that is fatal, or trains on held-out questions where that is.</exception>
    public PromptSets Both(RunConfiguration configuration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.Task.Name != "jsonl")
            return new PromptSets(Training(configuration), HeldOut(configuration), [], []);
        PromptFiles training = Files(configuration, cancellationToken);
        string name = training.Training.Name;
        if (configuration.Task.HeldOutData.Length == 0 || configuration.Evaluation.Prompts == 0)
            return new PromptSets(training.Training, First(training.HeldOut, configuration), [Note(name, training)], [.. PromptSets.WarningsOf(name, training.Report)]);

        PromptFiles heldOut = HeldOutFiles(configuration, cancellationToken);
        int overlap = training.OverlapWith(heldOut, out string? first);
        var warnings = new List<string>();
        if (overlap > 0)
        {
            string found = $"{overlap} of {training.Training.Count} training prompts ask a question of {configuration.Task.HeldOutData}; the first is '{first}'";
            if (configuration.Dataset.Overlap == "fail")
                throw new PromptFileException($"{configuration.Task.Data}: {found} (Etr:Dataset:Overlap=drop leaves them out of training, warn goes on)");
            if (configuration.Dataset.Overlap == "drop")
                training = training.Without(heldOut, configuration.Task.Data);
            else
                warnings.Add($"{configuration.Task.Data}: {found}");
        }

        warnings.AddRange(PromptSets.WarningsOf(name, training.Report).Concat(PromptSets.WarningsOf(heldOut.Training.Name, heldOut.Report)));
        return new PromptSets(training.Training, First(heldOut.Training, configuration), [Note(name, training), Note(heldOut.Training.Name, heldOut)], warnings);
    }

    /// <summary>Reads a configuration's held-out file alone.</summary>
    /// <inheritdoc cref="Both" path="/param|/exception"/>
    public PromptSets HeldOutAlone(RunConfiguration configuration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        PromptFiles heldOut = HeldOutFiles(configuration, cancellationToken);
        string name = heldOut.Training.Name;
        return new PromptSets(heldOut.Training, First(heldOut.Training, configuration), [Note(name, heldOut)], [.. PromptSets.WarningsOf(name, heldOut.Report)]);
    }

    private PromptFiles Files(RunConfiguration configuration, CancellationToken cancellationToken) =>
        Read(configuration.Task.Data, configuration, configuration.Dataset, cancellationToken);

    // What chooses training rows chooses none here: a benchmark is asked as it is.
    private PromptFiles HeldOutFiles(RunConfiguration configuration, CancellationToken cancellationToken) => Read(
        configuration.Task.HeldOutData, configuration, configuration.Dataset with { MinDifficulty = null, MaxDifficulty = null, Rows = 0, HeldOutShare = 0 }, cancellationToken);

    private PromptFiles Read(string path, RunConfiguration configuration, DatasetOptions data, CancellationToken cancellationToken) => PromptFiles.Read(
        path,
        _sources.Open(path, RowLayouts.Named(data), cancellationToken),
        new PromptFileOptions { BadRows = configuration.Task.BadRows == "skip" ? BadRowPolicy.Skip : BadRowPolicy.Fatal, Dataset = data, Measure = measure },
        cancellationToken);

    private static string Note(string name, PromptFiles files) => $"{name}: {files.Report}";

    private static IPromptSet? First(PromptFileSet? prompts, RunConfiguration configuration) =>
        prompts is null || configuration.Evaluation.Prompts == 0 ? null
            : prompts.Count <= configuration.Evaluation.Prompts ? prompts : new FirstPrompts(prompts, configuration.Evaluation.Prompts);

    private static ArithmeticPromptSet Arithmetic(RunConfiguration configuration, ArithmeticSplit split, int count)
    {
        // Held-out prompts are the same for every seed, so that runs are compared on equal questions.
        ulong seed = split == ArithmeticSplit.Train ? (ulong)configuration.Run.Seed : 0;
        return new ArithmeticPromptSet(seed, split, count, ArithmeticStyles.Parse(configuration.Task.Styles));
    }

    private static ArgumentException Unknown(string name) => new($"There is no task '{name}'; there are arithmetic and jsonl.");
}
