using Etr.Core.Runs;

namespace Etr.Core.Tasks;

/// <summary>Makes the prompt sets that a run's configuration names.</summary>
public interface IPromptSetFactory
{
    /// <summary>The prompts trained on.</summary>
    /// <exception cref="Prompts.PromptFileException">The file cannot be used, or has a bad row and the configuration says to fail.</exception>
    IPromptSet Training(RunConfiguration configuration);

    /// <summary>The prompts held out for evaluation, disjoint from the training ones; null where the task has none.</summary>
    /// <exception cref="Prompts.PromptFileException">The file cannot be used, or has a bad row and the configuration says to fail.</exception>
    IPromptSet? HeldOut(RunConfiguration configuration);
}
