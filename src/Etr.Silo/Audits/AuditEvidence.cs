using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Runs;

namespace Etr.Silo.Audits;

/// <summary>What is stored of a run: by its grains, and in its directory.</summary>
/// <param name="Run">The run's record.</param>
/// <param name="Learner">The learner's record; null before its first step.</param>
/// <param name="Groups">The record of each dealt ordinal; null where it was never opened.</param>
/// <param name="Manifests">What each step up to the run's last one consumed; null where the file is missing.</param>
/// <param name="LaterManifests">Steps beyond both records that have a manifest.</param>
internal sealed record AuditEvidence(
    RunRecord Run, LearnerRecord? Learner, IReadOnlyList<GroupRecord?> Groups, IReadOnlyList<StepManifest?> Manifests, IReadOnlyList<int> LaterManifests);
