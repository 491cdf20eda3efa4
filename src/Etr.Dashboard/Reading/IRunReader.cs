using Etr.Core.Trends;
using Etr.Grains.Groups;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;

namespace Etr.Dashboard.Reading;

/// <summary>
/// All the dashboard asks of the cluster. It only ever reads; every call has a deadline and throws
/// <see cref="TimeoutException"/> after it.
/// </summary>
internal interface IRunReader
{
    /// <summary>All runs, newest first.</summary>
    Task<IReadOnlyList<RunEntry>> ListRunsAsync(CancellationToken cancellationToken);

    /// <summary>A run right now; its state is <see cref="RunState.Unknown"/> where there is none of that name.</summary>
    Task<RunStatus> GetRunAsync(string run, CancellationToken cancellationToken);

    /// <summary>Committed steps from <paramref name="fromStep"/> (1-based) on, a page of at most 1,000; none where there are no more.</summary>
    Task<IReadOnlyList<StepSummary>> GetStepsAsync(string run, int fromStep, CancellationToken cancellationToken);

    /// <summary>A page of the rounds that were trained on, newest first; <paramref name="before"/> is where the page before ended.</summary>
    Task<RoundsPage> GetRoundsAsync(string run, RoundPlace? before, CancellationToken cancellationToken);

    /// <summary>The newest faults that the run remembers, oldest first.</summary>
    Task<IReadOnlyList<RunFaultNote>> GetFaultsAsync(string run, CancellationToken cancellationToken);

    /// <summary>The constants of the run's trend; the default preset's where there is no such run.</summary>
    Task<TrendOptions> GetTrendOptionsAsync(string run, CancellationToken cancellationToken);

    /// <summary>The samplers.</summary>
    Task<PoolStatus> GetPoolAsync(CancellationToken cancellationToken);

    /// <summary>The silos that membership does not call dead, by name.</summary>
    Task<IReadOnlyList<SiloStatusLine>> GetSilosAsync(CancellationToken cancellationToken);

    /// <summary>The newest members of the cluster, those that are over too, by their start.</summary>
    Task<IReadOnlyList<MemberLife>> GetMembersAsync(CancellationToken cancellationToken);

    /// <summary>What a run was started with; throws <see cref="KeyNotFoundException"/> where there is none of that name.</summary>
    Task<RunStart> GetStartAsync(string run, CancellationToken cancellationToken);

    /// <summary>A prompt with its history.</summary>
    Task<PromptView> GetPromptAsync(string run, int prompt, CancellationToken cancellationToken);

    /// <summary>A group with its traces.</summary>
    Task<GroupView> GetGroupAsync(string run, long ordinal, CancellationToken cancellationToken);

    /// <summary>The sampler–learner gaps of a group's tokens.</summary>
    Task<GroupGaps> GetGapsAsync(string run, long ordinal, CancellationToken cancellationToken);
}
