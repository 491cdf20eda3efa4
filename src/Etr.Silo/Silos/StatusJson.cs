using System.Text.Json;
using Etr.Grains.Runs;
using Etr.Grains.Silos;

namespace Etr.Silo.Silos;

/// <summary>What <c>etr run … --json</c> prints.</summary>
internal static class StatusJson
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>A run that was started.</summary>
    public static string Run(string run) => JsonSerializer.Serialize(new { run }, Options);

    /// <summary>A list of runs.</summary>
    public static string List(IReadOnlyList<RunEntry> runs) => JsonSerializer.Serialize(
        runs.Select(run => new { run.Run, State = Lower(run.State), run.Step, run.Steps, run.StartedAt, run.Shaper }), Options);

    /// <summary>
    /// A run and its cluster. Clocks of two machines may differ, so the moments are this machine's, worked out from durations.
    /// </summary>
    public static string Write(ClusterStatus status)
    {
        RunStatus run = status.Run;
        LedgerCounts groups = run.Groups;
        return JsonSerializer.Serialize(
            new
            {
                run.Run,
                State = Lower(run.State),
                run.Reason,
                run.Step,
                run.Steps,
                Version = run.Step,
                Groups = new
                {
                    groups.Created,
                    groups.Consumed,
                    groups.Stale,
                    Cancelled = groups.Filtered + groups.Quarantined + groups.Unscorable + groups.Operator,
                    groups.Open,
                },
                Silos = status.Silos.Select(silo => new { silo.Name, Roles = SiloRolesText.Names(silo.Roles), silo.State, silo.Url, silo.Devices, silo.Version }),
                Samplers = status.Pool.Samplers.Select(sampler => new
                {
                    Id = sampler.Sampler,
                    sampler.TokensPerSecond,
                    Slots = sampler.Capacity,
                    Busy = sampler.Used,
                    sampler.HeartbeatAgeSeconds,
                    sampler.MemoryHalvings,
                    sampler.CacheTokens,
                    sampler.State,
                }),
                Evaluations = run.Evaluations.Select(found => new
                {
                    found.Step,
                    Accuracy = Finite(found.Accuracy),
                    AccuracyInterval95 = found.Failure.Length > 0 ? null : new[] { found.AccuracyLow, found.AccuracyHigh },
                    Length = Finite(found.Length),
                    found.Failure,
                }),
                run.Health,
                Findings = run.Findings.Select(finding => new
                {
                    finding.Rule,
                    Level = finding.Level.ToString().ToLowerInvariant(),
                    finding.Seen,
                    finding.Try,
                    finding.SinceStep,
                    finding.SinceAt,
                }),
                Alarms = run.Alarms.Select(alarm => new { alarm.Guard, alarm.Step, alarm.Action, alarm.Text }),
                Waits = run.Waits.Select(wait => new
                {
                    wait.Who,
                    wait.What,
                    Since = status.At - TimeSpan.FromSeconds(wait.Seconds),
                    Deadline = status.At + TimeSpan.FromSeconds(wait.DeadlineSeconds),
                }),
            },
            Options);
    }

    // JSON has no number that is none.
    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static string Lower(RunState state) => state.ToString().ToLowerInvariant();
}
