using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Runtime;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Lanes;
using Etr.Policy.Training.Losses;

namespace Etr.Policy.Training;

/// <summary>
/// Trains a policy with one of <see cref="PolicyLosses"/> on a thread of its own. A step is one or several updates from its groups'
/// traces; ratios are to the log-probabilities that the sampler recorded, or under a correction to the learner's own at the start.
/// </summary>
public sealed class GrpoTrainer : IPolicyTrainer
{
    private readonly LearnerThread _thread;
    private readonly EngineClock _clock;
    private readonly TimeProvider _time;

    // Touched on the learner thread alone.
    private Learner? _learner;

    private GrpoTrainer(TorchRuntime runtime, EngineClock clock, TimeProvider time)
    {
        _clock = clock;
        _time = time;
        _thread = new LearnerThread("etr-learner", () => TorchRuntime.UseThreads(runtime.Threads), () => _learner?.Dispose());
    }

    /// <summary>Loads a model and gets ready to train it.</summary>
    /// <param name="modelDirectory">The run's starting policy: <c>config.json</c> and <c>model.safetensors</c>; the KL term's reference too.</param>
    /// <param name="options">Loss and optimiser.</param>
    /// <param name="temperature">The sampling temperature, at which log-probabilities are taken; 0 (greedy) is read as 1.</param>
    /// <param name="runtime">Device and threads.</param>
    /// <param name="clock">Where busy time is recorded, as <see cref="EngineRole.Learner"/>.</param>
    /// <param name="time">Measures <see cref="TrainingStep.Duration"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="adapter">What adapters begin with, where the options ask for them.</param>
    /// <exception cref="CheckpointException">A file of the model is missing or not as it should be.</exception>
    /// <exception cref="ArgumentException">A name in the options is unknown, a clip is set for a loss without one, or the temperature is negative.</exception>
    public static async Task<GrpoTrainer> OpenAsync(
        string modelDirectory,
        TrainingOptions options,
        double temperature,
        TorchRuntime runtime,
        EngineClock clock,
        TimeProvider time,
        CancellationToken cancellationToken,
        AdapterStart? adapter = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelDirectory);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfNegative(temperature);
        TrainingOptions resolved = PolicyLosses.Resolve(options);
        _ = KlPenalty.Parse(resolved.Kl);
        _ = SamplerCorrection.Parse(resolved.Correction);

        GrpoTrainer trainer = new(runtime, clock, time);
        try
        {
            trainer._learner = await trainer._thread.RunAsync(
                _ => Learner.Open(modelDirectory, resolved, temperature, runtime, adapter), cancellationToken);
            return trainer;
        }
        catch
        {
            await trainer.DisposeAsync();
            throw;
        }
    }

    /// <summary>How many micro-batches of a step can be trained side by side, a thread each, given as many threads.</summary>
    /// <param name="options">The update.</param>
    public static int MostLanes(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return StepLanes.MostFor(options.MicroBatchTokens);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Traces without an advantage pull at nothing unless the loss has a KL or entropy term: they count in the aggregation and
    /// are otherwise left out, of the figures too (where no trace pulls, all are passed through). Cancelling takes effect
    /// between micro-batches and leaves weights and optimiser untouched.
    /// </remarks>
    public Task<TrainingStep> StepAsync(TrainingBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.RateFactor is not (>= 0 and <= 1))
            throw new ArgumentException($"A step is made with a share of the learning rate from 0 to 1, not {batch.RateFactor}.", nameof(batch));
        return _thread.RunAsync(
            cancellation =>
            {
                using EngineClock.Interval busy = _clock.Begin(EngineRole.Learner);
                long start = _time.GetTimestamp();
                TrainingStep step = _learner!.Step(batch, cancellation);
                return step with { Duration = _time.GetElapsedTime(start) };
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<SavedPolicy> SaveAsync(string checkpoints, string policies, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpoints);
        ArgumentException.ThrowIfNullOrEmpty(policies);
        return _thread.RunAsync(cancellation => _learner!.Save(checkpoints, policies, cancellation), cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="CheckpointException">The content is not the one named, or does not fit the model; nothing was changed.</exception>
    public Task LoadAsync(FileRef checkpoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return _thread.RunAsync(
            _ =>
            {
                _learner!.Load(checkpoint);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Cancels what is running, ends the thread and frees the model.</summary>
    public ValueTask DisposeAsync() => _thread.DisposeAsync();
}
