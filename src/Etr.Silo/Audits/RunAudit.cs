using System.Globalization;
using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Cli;

namespace Etr.Silo.Audits;

/// <summary>Audits one run and prints what it finds.</summary>
internal sealed class RunAudit(StoredStates states, string run, string directory, Terminal terminal)
{
    private const int Parallel = 256;
    private const int Attempts = 5;

    /// <summary>Audits.</summary>
    /// <returns>Whether everything agrees.</returns>
    /// <exception cref="CommandFailure">There is no such run.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        AuditEvidence evidence = await GatherAsync(cancellationToken);
        LedgerAudit ledger = LedgerAudit.Of(evidence);
        FileAudit files = await FileAudit.OfAsync(directory, evidence, cancellationToken);

        terminal.Line($"run      {run}: {evidence.Run.State.ToString().ToLowerInvariant()} at step {evidence.Run.Step}");
        terminal.Line($"stored   {Line(ledger.Stored)}");
        terminal.Line($"found    {Line(ledger.Found)}");
        terminal.Line($"steps    {evidence.Manifests.Count(manifest => manifest is not null)} manifests name {ledger.Found.Consumed} groups");
        terminal.Line($"files    {files.Whole} are what their names say, {files.Collected} were collected");
        foreach (string note in ledger.Notes)
            terminal.Line($"note     {note}");
        string[] differences = [.. ledger.Differences, .. files.Differences];
        foreach (string difference in differences)
            terminal.Line($"DIFFERS  {difference}");
        terminal.Line(differences.Length == 0 ? "the ledger is closed" : $"{differences.Length} differences");
        return differences.Length == 0;
    }

    private static string Line(LedgerCounts counts) => string.Create(
        CultureInfo.InvariantCulture,
        $"created {counts.Created} = consumed {counts.Consumed} + stale {counts.Stale} + cancelled {{filtered {counts.Filtered}, quarantined {counts.Quarantined}, unscorable {counts.Unscorable}, operator {counts.Operator}}} + open {counts.Open}");

    // A run that goes on moves while it is read: read again until it has held still.
    private async Task<AuditEvidence> GatherAsync(CancellationToken cancellationToken)
    {
        AuditEvidence evidence = await ReadAsync(cancellationToken);
        for (int attempt = 1; attempt < Attempts; attempt++)
        {
            RunRecord? now = await states.RunAsync(run);
            if (now!.Step == evidence.Run.Step && now.Ledger.Created == evidence.Run.Ledger.Created && now.Ledger.Mark == evidence.Run.Ledger.Mark)
                break;
            evidence = await ReadAsync(cancellationToken);
        }

        return evidence;
    }

    private async Task<AuditEvidence> ReadAsync(CancellationToken cancellationToken)
    {
        RunRecord record = await states.RunAsync(run) is { Start: not null } found
            ? found
            : throw new CommandFailure($"the store knows no run '{run}': it was never started, or another store was");
        LearnerRecord? learner = await states.LearnerAsync(run);
        var groups = new List<GroupRecord?>();
        foreach (long[] some in Enumerable.Range(0, checked((int)record.Ledger.Created)).Select(ordinal => (long)ordinal).Chunk(Parallel))
        {
            cancellationToken.ThrowIfCancellationRequested();
            groups.AddRange(await Task.WhenAll(some.Select(ordinal => states.GroupAsync(run, ordinal))));
        }

        string steps = Path.Combine(directory, "steps");
        var manifests = new List<StepManifest?>();
        for (int step = 1; step <= record.Step; step++)
            manifests.Add(await StepManifest.ReadAsync(steps, step, cancellationToken));
        return new AuditEvidence(record, learner, groups, manifests, Later(steps, Math.Max(record.Step, learner?.Step ?? 0)));
    }

    private static int[] Later(string steps, int last) => Directory.Exists(steps)
        ? [.. Directory.EnumerateFiles(steps, "*.json")
            .Select(file => int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : 0)
            .Where(step => step > last)
            .Order()]
        : [];
}
