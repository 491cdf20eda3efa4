using System.Globalization;
using Etr.Grains.Diagnosis;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Etr.Grains.Waits;
using Etr.Silo.Cli;
using Etr.Silo.Training;

namespace Etr.Silo.Silos;

/// <summary>What <c>etr run status</c> prints for people.</summary>
internal static class StatusText
{
    /// <summary>Prints a run and its cluster.</summary>
    public static void Write(ClusterStatus status, Terminal terminal)
    {
        RunStatus run = status.Run;
        terminal.Line($"run      {run.Run}  {run.State.ToString().ToLowerInvariant()}  step {run.Step}/{run.Steps}{(run.Reason.Length > 0 ? $"  {run.Reason}" : "")}");
        LedgerCounts groups = run.Groups;
        terminal.Line($"groups   created {groups.Created} = consumed {groups.Consumed} + stale {groups.Stale} + cancelled {groups.Filtered + groups.Quarantined + groups.Unscorable + groups.Operator} + open {groups.Open}");
        if (run.Evaluations.Count > 0)
            terminal.Line($"held out {StepFigures.Line(run.Evaluations[^1])}");
        foreach (RunFinding finding in run.Findings)
            terminal.Line($"{(finding.Level == FindingLevel.Bad ? "bad     " : "notice  ")} {finding.Rule}: {finding.Words}");
        foreach (RunAlarm alarm in run.Alarms)
            terminal.Line($"alarm    {StepFigures.Line(alarm)}");
        foreach (SiloStatusLine silo in status.Silos)
            terminal.Line($"silo     {silo.Name}  {silo.State}  {SiloRolesText.Format(silo.Roles)}{(silo.Url.Length > 0 ? $"  {silo.Url}" : "")}");
        foreach (SamplerStatus sampler in status.Pool.Samplers)
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"sampler  {sampler.Sampler}  {sampler.Used}/{sampler.Capacity} slots  {sampler.TokensPerSecond:0} tokens/s  heard {sampler.HeartbeatAgeSeconds:0.0} s ago{(sampler.MemoryHalvings == 0 ? "" : $"  ran out of memory {sampler.MemoryHalvings} ×, holds {sampler.CacheTokens} tokens")}{(sampler.State.Length > 0 ? $"  {sampler.State}" : "")}"));
        if (status.Pool.Samplers.Count == 0)
            terminal.Line("sampler  none is live: start one with 'etr silo --join HOST:PORT --roles sampler'");
        foreach (Wait wait in run.Waits)
            terminal.Line(WaitLine.Of(wait));
    }
}
