using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Audits;

namespace Etr.Silo.Tests.Audits;

public sealed class LedgerAuditTests
{
    [Fact]
    public void A_run_whose_books_agree_has_no_differences()
    {
        LedgerAudit audit = LedgerAudit.Of(Sound());

        Assert.Empty(audit.Differences);
        Assert.Empty(audit.Notes);
        Assert.Equal((6, 4, 1, 1), (audit.Found.Created, audit.Found.Consumed, audit.Found.Quarantined, audit.Found.Open));
        Assert.True(audit.Found.IsClosed);
    }

    [Fact]
    public void A_group_consumed_twice_is_named()
    {
        AuditEvidence sound = Sound();
        StepManifest second = sound.Manifests[1]! with { Groups = [.. sound.Manifests[1]!.Groups, sound.Manifests[0]!.Groups[0]] };

        Assert.Contains("group 0 was consumed by steps 1 and 2", LedgerAudit.Of(sound with { Manifests = [sound.Manifests[0], second] }).Differences);
    }

    [Fact]
    public void A_missing_manifest_is_named_and_its_groups_are_missed()
    {
        AuditEvidence sound = Sound();

        LedgerAudit audit = LedgerAudit.Of(sound with { Manifests = [sound.Manifests[0], null] });

        Assert.Contains("step 2 is committed and steps/2.json is missing", audit.Differences);
        Assert.Contains("the ledger counts 4 consumed groups, the manifests 2", audit.Differences);
    }

    [Fact]
    public void A_manifest_of_no_committed_step_is_named() =>
        Assert.Contains("steps/3.json belongs to no committed step", LedgerAudit.Of(Sound() with { LaterManifests = [3] }).Differences);

    [Fact]
    public void A_body_other_than_the_consumed_one_is_named()
    {
        AuditEvidence sound = Sound();
        sound.Groups[1]!.Sha256 = "other";

        Assert.Contains("step 1 consumed group 1 as sha-1, whose record says other", LedgerAudit.Of(sound).Differences);
    }

    [Fact]
    public void A_group_that_says_consumed_and_is_in_no_manifest_is_named()
    {
        AuditEvidence sound = Sound();
        sound.Groups[5]!.Phase = GroupPhase.Consumed;
        sound.Groups[5]!.Step = 2;

        Assert.Contains(LedgerAudit.Of(sound).Differences, d => d.StartsWith("the record of group 5 says that step 2 consumed it", StringComparison.Ordinal));
    }

    [Fact]
    public void A_cancellation_that_its_group_has_not_heard_of_is_a_note()
    {
        AuditEvidence sound = Sound();
        sound.Groups[4]!.Phase = GroupPhase.Rolling;

        LedgerAudit audit = LedgerAudit.Of(sound);

        Assert.Empty(audit.Differences);
        Assert.Contains("1 groups that the run has dropped", Assert.Single(audit.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_learner_one_step_ahead_is_a_note_and_two_are_a_difference()
    {
        AuditEvidence sound = Sound();

        Assert.Empty(LedgerAudit.Of(sound with { Learner = new LearnerRecord { Step = 3 } }).Differences);
        Assert.Contains("the learner has committed step 4, the run knows of step 2", LedgerAudit.Of(sound with { Learner = new LearnerRecord { Step = 4 } }).Differences);
    }

    // Two steps of two groups, one group quarantined, one open.
    private static AuditEvidence Sound()
    {
        var run = new RunRecord { State = RunState.Running, Step = 2 };
        run.Ledger.Deal(6);
        foreach (long ordinal in new[] { 0L, 1, 2, 3 })
            run.Ledger.Move(ordinal, GroupOutcome.Consumed);
        run.Ledger.Move(4, GroupOutcome.Quarantined);
        GroupRecord[] groups =
        [
            .. Enumerable.Range(0, 4).Select(ordinal => new GroupRecord { Phase = GroupPhase.Consumed, Step = 1 + ordinal / 2, Sha256 = $"sha-{ordinal}" }),
            new GroupRecord { Phase = GroupPhase.Cancelled, Cancellation = GroupCancellation.Quarantined },
            new GroupRecord { Phase = GroupPhase.Rolling },
        ];
        return new AuditEvidence(run, new LearnerRecord { Step = 2 }, groups, [Manifest(1), Manifest(2)], []);
    }

    private static StepManifest Manifest(int step) => new()
    {
        Step = step,
        Groups = [.. new[] { 2 * step - 2, 2 * step - 1 }.Select(ordinal => new ManifestGroup(ordinal, ordinal, 0, $"sha-{ordinal}"))],
        PolicySha256 = $"policy-{step}",
        Summary = null!,
    };
}
