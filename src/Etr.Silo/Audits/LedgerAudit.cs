using Etr.Grains.Groups;
using Etr.Grains.Runs;

namespace Etr.Silo.Audits;

/// <summary>
/// Recounts a run's ledger from the groups' own records and the steps' manifests, and says where the stored ledger differs:
/// created = consumed + stale + cancelled + open, and every consumed ordinal in exactly one manifest.
/// </summary>
internal sealed class LedgerAudit
{
    private readonly List<string> _differences = [];
    private readonly List<string> _notes = [];
    private readonly Dictionary<long, int> _consumedBy = [];

    /// <summary>What contradicts itself, a sentence each.</summary>
    public IReadOnlyList<string> Differences => _differences;

    /// <summary>What is under way and settles by itself, a sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The counts as the ledger has them.</summary>
    public LedgerCounts Stored { get; private set; } = Empty;

    /// <summary>The counts as they were found.</summary>
    public LedgerCounts Found { get; private set; } = Empty;

    private static LedgerCounts Empty => new() { Created = 0, Consumed = 0, Stale = 0, Filtered = 0, Quarantined = 0, Unscorable = 0, Operator = 0, Open = 0 };

    /// <summary>Recounts.</summary>
    public static LedgerAudit Of(AuditEvidence evidence)
    {
        var audit = new LedgerAudit { Stored = evidence.Run.Ledger.Counts };
        if (!audit.Stored.IsClosed)
            audit._differences.Add("the ledger's own counts do not add up");
        audit.ReadManifests(evidence);
        audit.CompareLearner(evidence);
        audit.Recount(evidence);
        return audit;
    }

    private void ReadManifests(AuditEvidence evidence)
    {
        for (int step = 1; step <= evidence.Manifests.Count; step++)
        {
            if (evidence.Manifests[step - 1] is not { } manifest)
            {
                _differences.Add($"step {step} is committed and steps/{step}.json is missing");
                continue;
            }

            if (manifest.Step != step)
                _differences.Add($"steps/{step}.json speaks of step {manifest.Step}");
            foreach (var group in manifest.Groups)
            {
                if (group.Ordinal < 0 || group.Ordinal >= Stored.Created)
                    _differences.Add($"step {step} consumed group {group.Ordinal}, which was never dealt");
                else if (!_consumedBy.TryAdd(group.Ordinal, step))
                    _differences.Add($"group {group.Ordinal} was consumed by steps {_consumedBy[group.Ordinal]} and {step}");
                else
                    CompareBody(evidence.Groups[(int)group.Ordinal], group.Ordinal, group.Sha256, step);
            }
        }

        foreach (int step in evidence.LaterManifests)
            _differences.Add($"steps/{step}.json belongs to no committed step");
    }

    private void CompareBody(GroupRecord? record, long ordinal, string sha256, int step)
    {
        if (record is null)
            _differences.Add($"step {step} consumed group {ordinal}, of which there is no record");
        else if (record.Phase is GroupPhase.Stale or GroupPhase.Cancelled)
            _differences.Add($"step {step} consumed group {ordinal}, whose record says {record.Phase}");
        else if (record.Sha256.Length > 0 && record.Sha256 != sha256)
            _differences.Add($"step {step} consumed group {ordinal} as {sha256}, whose record says {record.Sha256}");
    }

    private void CompareLearner(AuditEvidence evidence)
    {
        int learner = evidence.Learner?.Step ?? 0;
        if (learner == evidence.Run.Step + 1)
            _notes.Add($"step {learner} is committed, and the run will hear of it when it goes on");
        else if (learner != evidence.Run.Step)
            _differences.Add($"the learner has committed step {learner}, the run knows of step {evidence.Run.Step}");
    }

    private void Recount(AuditEvidence evidence)
    {
        HashSet<long> open = [.. evidence.Run.Ledger.Open];
        var cancelled = new long[Enum.GetValues<GroupCancellation>().Length];
        long stale = 0, stillOpen = 0, untold = 0;
        for (int ordinal = 0; ordinal < evidence.Groups.Count; ordinal++)
        {
            GroupRecord? record = evidence.Groups[ordinal];
            bool consumed = _consumedBy.ContainsKey(ordinal);
            if (consumed && open.Contains(ordinal))
                _differences.Add($"step {_consumedBy[ordinal]} consumed group {ordinal}, which the ledger has open");
            if (consumed)
                continue;
            if (record is { Phase: GroupPhase.Consumed } && record.Step <= evidence.Run.Step)
                _differences.Add($"the record of group {ordinal} says that step {record.Step} consumed it, and its manifest does not");
            else if (open.Contains(ordinal))
                stillOpen++;
            else if (record is { Phase: GroupPhase.Stale })
                stale++;
            else if (record is { Phase: GroupPhase.Cancelled })
                cancelled[(int)record.Cancellation]++;
            else
                untold++;
        }

        Found = new LedgerCounts
        {
            Created = evidence.Groups.Count,
            Consumed = _consumedBy.Count,
            Stale = stale,
            Filtered = cancelled[(int)GroupCancellation.Filtered],
            Quarantined = cancelled[(int)GroupCancellation.Quarantined],
            Unscorable = cancelled[(int)GroupCancellation.Unscorable],
            Operator = cancelled[(int)GroupCancellation.Operator],
            Open = stillOpen,
        };
        Compare(untold);
    }

    private void Compare(long untold)
    {
        if (Found.Consumed != Stored.Consumed)
            _differences.Add($"the ledger counts {Stored.Consumed} consumed groups, the manifests {Found.Consumed}");
        if (Found.Open != Stored.Open)
            _differences.Add($"the ledger counts {Stored.Open} open groups, found {Found.Open}");

        // A group may not have heard yet that the run dropped it: then its record lags, and no more than those may be missing.
        long missing = 0;
        foreach ((string name, long stored, long found) in new[]
        {
            ("stale", Stored.Stale, Found.Stale), ("filtered", Stored.Filtered, Found.Filtered), ("quarantined", Stored.Quarantined, Found.Quarantined),
            ("unscorable", Stored.Unscorable, Found.Unscorable), ("operator", Stored.Operator, Found.Operator),
        })
        {
            if (found > stored)
                _differences.Add($"the ledger counts {stored} groups as {name}, their records {found}");
            missing += Math.Max(0, stored - found);
        }

        if (missing != untold)
            _differences.Add($"{untold} dealt groups have no outcome in manifests or records; {missing} were expected");
        else if (untold > 0)
            _notes.Add($"{untold} groups that the run has dropped have not heard of it");
    }
}
