using Etr.Core.Files;
using Etr.Core.Gaps;
using Etr.Core.Groups;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Learners;
using Etr.Silo.Configuration;
using Parquet;
using Parquet.Serialization;

namespace Etr.Silo.Archive;

/// <summary>
/// Writes a run's archive from its record, part by part, each whole or not there. It holds one part at a time, and goes on where the
/// folder's last part ends.
/// </summary>
/// <param name="run">The run; its directory is seen from here.</param>
/// <param name="folder">The archive's folder.</param>
/// <param name="rewards">The run's rewards.</param>
/// <param name="settings">Sampling, sizes and ages.</param>
/// <param name="time">What ages are measured by.</param>
internal sealed class ArchiveWriter(RunPlace run, string folder, RewardPlan rewards, ArchiveSettings settings, TimeProvider time)
{
    // Keeps which traces are kept apart from every other use of the generator.
    private const uint Purpose = 0x41524348;
    private const int RowsOfGroup = 4096;

    private static readonly ParquetOptions Options = new() { CompressionMethod = CompressionMethod.Zstd, RowGroupSize = RowsOfGroup };

    private readonly List<StepManifest> _pending = [];
    private long _pendingBytes;
    private int? _next;
    private int _thinned;

    /// <summary>Steps that are in whole parts.</summary>
    public int Archived { get; private set; }

    /// <summary>Groups of written parts whose file was gone.</summary>
    public int Lost { get; private set; }

    /// <summary>Closes every part that is full, and with <paramref name="all"/> the last one however small.</summary>
    /// <param name="step">The last committed step.</param>
    /// <param name="all">Whether nothing is to be left over.</param>
    /// <param name="cancellationToken">Ends the work between two steps or files.</param>
    /// <exception cref="IOException">The archive cannot be written, or the record cannot be read.</exception>
    /// <exception cref="InvalidDataException">A manifest is not one.</exception>
    public void Write(int step, bool all, CancellationToken cancellationToken)
    {
        _next ??= (ArchivePart.Of(folder) is [.., var last] ? Archived = last.Last : 0) + 1;
        while (_next <= step && RecordedGroups.Manifest(run, _next.Value, cancellationToken) is { } manifest)
        {
            _pending.Add(manifest);
            _pendingBytes += manifest.Groups.Sum(group => new FileInfo(run.GroupFile(group.Sha256)) is { Exists: true, Length: var length } ? length : 0);
            _next++;
            if (_pendingBytes >= (long)settings.PartMegabytes << 20)
                Close(cancellationToken);
        }

        if (all && _pending.Count > 0)
            Close(cancellationToken);
        _thinned = ArchiveRetention.Thin(run, settings.RecordSteps, Math.Min(Archived, step), _thinned, cancellationToken);
    }

    private void Close(CancellationToken cancellationToken)
    {
        var part = new ArchivePart(folder, _pending[0].Step, _pending[^1].Step);
        List<ArchivedGroup> groups = [];
        List<ArchivedTrace> traces = [];
        foreach (StepManifest manifest in _pending)
            Add(manifest, groups, traces, cancellationToken);
        DurableFile.Write(part.TracesFile, stream => Serialize(traces, stream, cancellationToken));
        DurableFile.Write(part.GroupsFile, stream => Serialize(groups, stream, cancellationToken));
        var (schema, rows) = ArchivedSteps.Of([.. _pending.Select(manifest => manifest.Summary)]);
        DurableFile.Write(part.StepsFile, stream => ParquetSerializer.SerializeUntypedAsync(rows, schema, stream, Options, null, cancellationToken).GetAwaiter().GetResult());
        Archived = part.Last;
        _pending.Clear();
        _pendingBytes = 0;
        ArchiveRetention.Apply(ArchivePart.Of(folder), settings, time.GetUtcNow());
    }

    private void Add(StepManifest manifest, List<ArchivedGroup> groups, List<ArchivedTrace> traces, CancellationToken cancellationToken)
    {
        var bodies = new List<(ManifestGroup Manifest, GroupBody Body)>(manifest.Groups.Length);
        foreach (ManifestGroup group in manifest.Groups)
        {
            if (RecordedGroups.Body(run, group, cancellationToken) is { } body)
                bodies.Add((group, body));
            else
                Lost++;
        }

        // What a batch-wide estimator gave depends on the whole batch: without one of its groups it is not known.
        double[][]? advantages = bodies.Count == manifest.Groups.Length ? GroupScorer.Advantages([.. bodies.Select(group => group.Body)], rewards) : null;
        ILookup<long, TraceGaps> gaps = Gaps(manifest, cancellationToken).ToLookup(trace => trace.Ordinal);
        for (int i = 0; i < bodies.Count; i++)
        {
            (ManifestGroup named, GroupBody body) = bodies[i];
            groups.Add(ArchivedGroup.Of(manifest.Step, body, GroupScorer.Statistics(body, rewards), named));
            for (int slot = 0; slot < body.Traces.Count; slot++)
            {
                if (Keeps(body.Ordinal, slot))
                {
                    double advantage = advantages?[i][slot] ?? body.Traces[slot].Payment.Advantage;
                    traces.Add(ArchivedTrace.Of(manifest.Step, body, slot, advantage, rewards.Preset, gaps[body.Ordinal].FirstOrDefault(trace => trace.Slot == slot)));
                }
            }
        }
    }

    // They are beside the record, not of it: a step whose gaps were not kept, or are gone, is archived without.
    private IReadOnlyList<TraceGaps> Gaps(StepManifest manifest, CancellationToken cancellationToken)
    {
        string sha256 = manifest.Summary.GapsSha256;
        if (sha256.Length == 0)
            return [];
        try
        {
            byte[] bytes = DurableFile.ReadVerifiedAsync(run.GapsFile(sha256), sha256, StepGapsCodec.MaximumBytes, cancellationToken).GetAwaiter().GetResult();
            return StepGapsCodec.Read(bytes).Traces;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or InvalidDataException)
        {
            return [];
        }
    }

    private bool Keeps(long ordinal, int slot) =>
        settings.Traces >= 1 || new PhiloxSequence((ulong)slot, Purpose, (ulong)ordinal).NextDouble() < settings.Traces;

    private static void Serialize<T>(List<T> rows, Stream stream, CancellationToken cancellationToken)
        where T : class, new() => ParquetSerializer.SerializeAsync(rows, stream, Options, null, cancellationToken).GetAwaiter().GetResult();
}
