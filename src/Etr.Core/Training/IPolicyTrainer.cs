using Etr.Core.Policies;

namespace Etr.Core.Training;

/// <summary>
/// Updates the policy on one device, on a thread of its own behind a bounded queue. Calls are served in order, one at a time.
/// </summary>
public interface IPolicyTrainer : IAsyncDisposable
{
    /// <summary>
    /// One policy update from the groups of a step. The result depends on the batch alone, never on the order in which its
    /// groups arrived. Loss or gradients that are not finite leave weights and optimiser untouched
    /// (<see cref="TrainingStep.Applied"/> is false).
    /// </summary>
    /// <exception cref="ArgumentException">The batch is empty, a trace does not fit the model, or the rate's factor is not from 0 to 1.</exception>
    Task<TrainingStep> StepAsync(TrainingBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Writes weights, optimiser, step and random state as one checkpoint, and the weights alone as a policy file, both
    /// safetensors named by their SHA-256, written aside, fsynced and renamed. Not yet published: that is the caller's commit.
    /// </summary>
    /// <param name="checkpoints">Directory of the checkpoint.</param>
    /// <param name="policies">Directory of the policy file.</param>
    /// <param name="cancellationToken">Ends the wait; a file half written is left under its temporary name only.</param>
    Task<SavedPolicy> SaveAsync(string checkpoints, string policies, CancellationToken cancellationToken);

    /// <summary>Goes back to a saved checkpoint: weights, optimiser, step and random state, bit for bit.</summary>
    Task LoadAsync(FileRef checkpoint, CancellationToken cancellationToken);
}

/// <summary>A file and the SHA-256 (lower-case hexadecimal) its content must have.</summary>
public sealed record FileRef(string Path, string Sha256);

/// <summary>What <see cref="IPolicyTrainer.SaveAsync"/> wrote.</summary>
/// <param name="Checkpoint">The trainer's whole state.</param>
/// <param name="Policy">The weights alone.</param>
/// <param name="Parts">The policy file cut at its tensors, header first, each part with its hash: what its manifest lists.</param>
public sealed record SavedPolicy(FileRef Checkpoint, FileRef Policy, IReadOnlyList<ManifestPart> Parts);
