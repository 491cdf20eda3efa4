using Etr.Core.Files;
using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Archive;
using Etr.Silo.Configuration;
using Etr.Tests.Shared;

namespace Etr.Silo.Tests.Archive;

/// <summary>A run's record in a folder of its own: two groups of four traces a step, by the learner's own way of keeping them.</summary>
internal sealed class SampleRun(int prompts = 2) : IDisposable
{
    public const int Slots = 4;
    public const int Groups = 2;

    private readonly string _folder = Directory.CreateTempSubdirectory("etr-archive-").FullName;

    public static RewardPlan Rewards { get; } = RewardPlan.Of(new RewardOptions());

    public RunPlace Place => new("one", Path.Combine(_folder, "run"));

    public string Archive => RunArchive.FolderOf(Place);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public ArchiveWriter Writer(ArchiveSettings? settings = null) => new(Place, Archive, Rewards, settings ?? new ArchiveSettings(), TimeProvider.System);

    public async Task CommitAsync(params int[] steps)
    {
        foreach (int step in steps)
        {
            List<ManifestGroup> groups = [];
            for (int ordinal = Groups * (step - 1); ordinal < Groups * step; ordinal++)
            {
                byte[] bytes = GroupBodyCodec.Write(Group(ordinal));
                string sha256 = DurableFile.Sha256(bytes);
                await DurableFile.WriteAsync(Place.GroupFile(sha256), bytes, Cancellation);
                groups.Add(new ManifestGroup(ordinal, ordinal % prompts, ordinal / prompts, sha256));
            }

            var manifest = new StepManifest { Step = step, Groups = [.. groups], PolicySha256 = "", Summary = Summary(step) };
            await manifest.WriteAsync(Path.Combine(Place.Directory, "steps"), Cancellation);
        }
    }

    public string FileOf(int ordinal) => Place.GroupFile(DurableFile.Sha256(GroupBodyCodec.Write(Group(ordinal))));

    /// <summary>A summary that uses all that one can have.</summary>
    public static StepSummary Summary(int step) => StepSamples.Step(step) with
    {
        Ordinals = [2 * step - 2, 2 * step - 1],
        Accuracy = 1.0 / (step + 2),
        Spearman = double.NaN,
        GradientNorm = double.PositiveInfinity,
        EntropyByStep = [0.1 * step, 1.0 / 3, double.NaN],
        StalenessCounts = [step, 7],
        Shapers = [new ShaperSummary("guarded", 1, 0.1 * step, double.NaN) { Spread = 0.2 }, new ShaperSummary("paper \"quoted\"", 0, 1.0 / 7, 0.3)],
        PolicySha256 = new string('a', 64),
        PolicyFile = $"/data/policy/{step}",
    };

    public GroupBody Group(int ordinal) => new(ordinal, ordinal % prompts, ordinal / prompts, 3, [1, 2],
        [.. Enumerable.Range(0, Slots).Select(slot => new GroupTrace(
            Tokens(slot), Truncated: false, new Verdict(slot < 2, "5", "as it should be"), new TracePayment(1 + slot, -0.1 * slot, 1, slot, 0.5 - slot))
        {
            Unscorable = slot == 3 ? "no number" : null,
        })]);

    private static SampledToken[] Tokens(int slot) =>
    [
        .. ((string[])["a", "\n\n", "b", "\n\n", "<script>", "\n\n"]).Select((text, i) =>
            new SampledToken(10 * slot + i, text, -0.5f, 0.1f * slot + 0.5f / (1 << (i / 2)), 0, false, 3 + i / 4)),
    ];
}
