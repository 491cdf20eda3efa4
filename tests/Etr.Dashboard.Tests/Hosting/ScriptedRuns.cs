using System.Collections.Concurrent;
using Etr.Core.Trends;
using Etr.Dashboard.Reading;
using Etr.Grains.Groups;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;

namespace Etr.Dashboard.Tests.Hosting;

/// <summary>A cluster of which a test says what it answers; a member left null times out.</summary>
internal sealed class ScriptedRuns : IRunReader
{
    public IReadOnlyList<RunEntry>? Entries { get; set; } = [];

    public RunStatus? Status { get; set; }

    public IReadOnlyList<StepSummary> Steps { get; set; } = [];

    /// <summary>How often steps were read.</summary>
    public int StepReadings { get; private set; }

    /// <summary>Rounds that the run trained on, as its record and archive have them; null where it does not answer.</summary>
    public IReadOnlyList<RunRound>? Rounds { get; set; } = [];

    /// <summary>Rounds of a page.</summary>
    public int RoundsAtATime { get; set; } = 1_000;

    /// <summary>Whether the archive is too busy to read any.</summary>
    public bool RoundsAreBusy { get; set; }

    /// <summary>Prompts that the run has.</summary>
    public int PromptCount { get; set; } = 10_000;

    /// <summary>Where pages of rounds were asked for.</summary>
    public List<RoundPlace?> RoundReadings { get; } = [];

    /// <summary>Runs other than the one that everything else is about.</summary>
    public ConcurrentDictionary<string, (RunStatus Status, IReadOnlyList<StepSummary> Steps)> Others { get; } = new();

    public PoolStatus? Pool { get; set; } = new() { Samplers = [], Leases = 0, Voided = 0 };

    public IReadOnlyList<SiloStatusLine>? Silos { get; set; } = [];

    public IReadOnlyList<RunFaultNote> Faults { get; set; } = [];

    public IReadOnlyList<MemberLife> Members { get; set; } = [];

    public ConcurrentDictionary<string, RunStart> Starts { get; } = new();

    public ConcurrentDictionary<int, PromptView> Prompts { get; } = new();

    public ConcurrentDictionary<long, GroupView> Groups { get; } = new();

    /// <summary>Gaps by ordinal; other groups have none kept.</summary>
    public ConcurrentDictionary<long, GroupGaps> Gaps { get; } = new();

    public Task<IReadOnlyList<RunEntry>> ListRunsAsync(CancellationToken cancellationToken) => Answer(Entries);

    public Task<RunStatus> GetRunAsync(string run, CancellationToken cancellationToken) =>
        Answer(Others.TryGetValue(run, out var other) ? other.Status : Status);

    public Task<IReadOnlyList<StepSummary>> GetStepsAsync(string run, int fromStep, CancellationToken cancellationToken)
    {
        StepReadings++;
        var steps = Others.TryGetValue(run, out var other) ? other.Steps : Steps;
        return Answer<IReadOnlyList<StepSummary>>([.. steps.Where(step => step.Step >= fromStep).Take(1000)]);
    }

    public Task<RoundsPage> GetRoundsAsync(string run, RoundPlace? before, CancellationToken cancellationToken)
    {
        lock (RoundReadings)
            RoundReadings.Add(before);
        if (RoundsAreBusy)
            return Task.FromResult(new RoundsPage([], PromptCount, before ?? new RoundPlace(9, long.MaxValue)));
        var left = Rounds?.Where(round => before is null || (round.Step, round.Ordinal).CompareTo((before.Step, before.Ordinal)) < 0)
            .OrderByDescending(round => round.Step).ThenByDescending(round => round.Ordinal).ToArray();
        return Answer(left is null ? null : new RoundsPage(
            [.. left.Take(RoundsAtATime)], PromptCount, left.Length > RoundsAtATime ? new RoundPlace(left[RoundsAtATime - 1].Step, left[RoundsAtATime - 1].Ordinal) : null));
    }

    public Task<IReadOnlyList<RunFaultNote>> GetFaultsAsync(string run, CancellationToken cancellationToken) => Answer(Others.ContainsKey(run) ? [] : Faults);

    public Task<IReadOnlyList<MemberLife>> GetMembersAsync(CancellationToken cancellationToken) => Answer(Members);

    public Task<TrendOptions> GetTrendOptionsAsync(string run, CancellationToken cancellationToken) =>
        Task.FromResult(TrendOptions.Guarded);

    public Task<PoolStatus> GetPoolAsync(CancellationToken cancellationToken) => Answer(Pool);

    public Task<IReadOnlyList<SiloStatusLine>> GetSilosAsync(CancellationToken cancellationToken) => Answer(Silos);

    public Task<RunStart> GetStartAsync(string run, CancellationToken cancellationToken) => Answer(Starts.GetValueOrDefault(run));

    public Task<PromptView> GetPromptAsync(string run, int prompt, CancellationToken cancellationToken) =>
        Answer(Prompts.GetValueOrDefault(prompt));

    public Task<GroupView> GetGroupAsync(string run, long ordinal, CancellationToken cancellationToken) =>
        Answer(Groups.GetValueOrDefault(ordinal));

    public Task<GroupGaps> GetGapsAsync(string run, long ordinal, CancellationToken cancellationToken) =>
        Task.FromResult(Gaps.GetValueOrDefault(ordinal) ?? GroupGaps.Without(GapState.NotKept));

    private static Task<T> Answer<T>(T? answer) where T : class =>
        answer is null ? Task.FromException<T>(new TimeoutException("no answer")) : Task.FromResult(answer);
}
