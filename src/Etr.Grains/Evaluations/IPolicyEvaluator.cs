using Etr.Grains.Runs;

namespace Etr.Grains.Evaluations;

/// <summary>Evaluates policies of a run in this process, on an engine's own thread.</summary>
public interface IPolicyEvaluator
{
    /// <summary>Asks a policy the run's held-out prompts.</summary>
    /// <param name="run">The run.</param>
    /// <param name="version">The step, which is its policy's version.</param>
    /// <param name="sha256">SHA-256 of its weights.</param>
    /// <param name="cancellationToken">Ends the drawing at the next token boundary.</param>
    /// <exception cref="IOException">The policy is not to be had.</exception>
    /// <exception cref="InvalidOperationException">The run has no held-out prompts, or the engine cannot draw one.</exception>
    Task<RunEvaluation> EvaluateAsync(RunStart run, int version, string sha256, CancellationToken cancellationToken);
}
