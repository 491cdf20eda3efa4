using Orleans.Concurrency;

namespace Etr.Grains.Runs;

/// <summary>
/// One training run; its key is the run's name. It deals prompts in blocks of ordinals, keeps the ledger and the window of
/// open groups, and is the only one who says that a run has ended.
/// </summary>
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Starts the run, or confirms that it has been started with the same configuration. Idempotent.</summary>
    /// <param name="start">The resolved configuration and where the run lives.</param>
    /// <exception cref="InvalidOperationException">The run exists with another configuration.</exception>
    Task StartAsync(RunStart start);

    /// <summary>Goes on with a run that was interrupted, paused or whose silo died. Idempotent.</summary>
    /// <exception cref="InvalidOperationException">There is no such run, or it has ended.</exception>
    Task ResumeAsync();

    /// <summary>Deals no further group and lets the committed step stand: open groups wait for <see cref="ResumeAsync"/>.</summary>
    Task PauseAsync(string reason);

    /// <summary>Brings a running run back to memory, where it goes on by itself; changes nothing otherwise.</summary>
    [AlwaysInterleave]
    Task WakeAsync();

    /// <summary>
    /// Ends the run for good: open groups are cancelled, what is committed stands. Idempotent. Whether a step that is being
    /// trained still counts is for the learner to say, so a silo that may train has to be there.
    /// </summary>
    Task StopAsync(string reason);

    /// <summary>A snapshot, read without waiting behind the run's other calls.</summary>
    [AlwaysInterleave]
    Task<RunStatus> GetStatusAsync();

    /// <summary>The newest faults that the run survived, oldest first, at most 200. The last ones before its silo was lost may lack.</summary>
    [AlwaysInterleave]
    Task<IReadOnlyList<RunFaultNote>> GetFaultsAsync();

    /// <summary>A group tells of a fault that it survived. Nobody waits for it, and it is lost where the run cannot be reached.</summary>
    [AlwaysInterleave]
    [OneWay]
    Task NoteFaultAsync(DateTimeOffset at, long ordinal, int prompt, string text);

    /// <summary>The configuration the run was started with; null if there is no such run.</summary>
    [AlwaysInterleave]
    Task<RunStart?> GetStartAsync();

    /// <summary>
    /// Summaries of the committed steps from <paramref name="fromStep"/> (1-based) on, at most 1,000 and under 1 MB: none where there are no
    /// more, so whoever wants all of them asks until then.
    /// </summary>
    [AlwaysInterleave]
    Task<IReadOnlyList<StepSummary>> GetStepsAsync(int fromStep);

    /// <summary>The summary of the committed step of a number (from 1); null where the run knows none.</summary>
    [AlwaysInterleave]
    Task<StepSummary?> GetStepAsync(int number);

    /// <summary>
    /// The newest round of each prompt that was trained on, newest first, in pages under 1 MB. A prompt may come again on a later page, with
    /// an older round.
    /// </summary>
    /// <param name="before">Where the page before ended; null for the newest.</param>
    [AlwaysInterleave]
    Task<RoundsPage> GetRoundsAsync(RoundPlace? before);

    /// <summary>The learner has committed a step. Idempotent by step; called until it is answered, while the run asks the learner to end too.</summary>
    [AlwaysInterleave]
    Task StepCommittedAsync(StepSummary summary);

    /// <summary>A group will never be trained on. Idempotent by ordinal.</summary>
    Task GroupCancelledAsync(long ordinal, GroupCancellation reason);

    /// <summary>A group was too old to be trained on. Idempotent by ordinal.</summary>
    Task GroupStaleAsync(long ordinal);

    /// <summary>
    /// A group's advantages are all zero. True where it is dropped for that, and a fresh one dealt in its place; false where the
    /// budget is spent and it is to be trained on. Idempotent by ordinal.
    /// </summary>
    Task<bool> FilterAsync(long ordinal);

    /// <summary>
    /// The share of its learning rate (0 to 1) that a step is trained with; null while an evaluation that decides it is not made, and
    /// for steps that do not come next. What was answered for a step stays its answer.
    /// </summary>
    [AlwaysInterleave]
    Task<double?> GetRateFactorAsync(int nextStep);

    /// <summary>An evaluation during the run is made. Idempotent by step.</summary>
    Task EvaluatedAsync(RunEvaluation found);
}
