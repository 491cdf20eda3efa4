using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Learners;
using Etr.Grains.Runs;

namespace Etr.Silo.Archive;

/// <summary>
/// Goes back over the rounds that a run trained on, newest first: steps that no whole part has come from the record, the others from the
/// archive. What a page has is bounded by size, by time and by the run's prompts.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="folder">The archive's folder.</param>
/// <param name="rewards">The run's rewards.</param>
/// <param name="reader">Reads the archive's parts.</param>
/// <param name="time">What the budget is measured by.</param>
internal sealed class RoundReader(RunPlace run, string folder, RewardPlan rewards, ArchiveReader reader, TimeProvider time)
{
    /// <summary>After so long a page is full with what it has.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(1);

    /// <summary>Prompts of a page at most.</summary>
    public const int MostPrompts = 100_000;

    /// <summary>Bytes of a page at most.</summary>
    public int MostBytes { get; init; } = MessageSize.Most;

    /// <summary>Reads a page.</summary>
    /// <param name="lastStep">The last committed step.</param>
    /// <param name="prompts">Prompts of the run.</param>
    /// <param name="before">Only rounds before this place; null for the newest.</param>
    /// <param name="cancellationToken">Ends the reading with what has been read.</param>
    public RoundsPage Page(int lastStep, int prompts, RoundPlace? before, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        var newest = new Dictionary<int, RunRound>();
        int bytes = 0;
        RoundPlace? at = before;
        foreach ((RoundPlace place, RunRound? round) in Back(Math.Min(lastStep, FirstOf(before) ?? lastStep), before, cancellationToken))
        {
            if (round is not null && !newest.ContainsKey(round.Prompt))
            {
                bytes += MessageSize.Of(round);
                if (bytes > MostBytes && newest.Count > 0)
                    return new RoundsPage([.. newest.Values], prompts, at);
                newest.Add(round.Prompt, round);
            }

            at = place;
            if (newest.Count >= Math.Min(prompts, MostPrompts))
                return new RoundsPage([.. newest.Values], prompts, null);
            if (time.GetElapsedTime(began) >= Budget || cancellationToken.IsCancellationRequested)
                return new RoundsPage([.. newest.Values], prompts, at);
        }

        return new RoundsPage([.. newest.Values], prompts, null);
    }

    // Before the first of a step there is only the step before it.
    private static int? FirstOf(RoundPlace? before) => before is { Ordinal: 0 } ? before.Step - 1 : before?.Step;

    // Each place that has been looked at, so that whoever stops knows where to go on: also those of which nothing is known.
    private IEnumerable<(RoundPlace Place, RunRound? Round)> Back(int step, RoundPlace? before, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(run.Directory))
            yield break;
        List<ArchivePart> parts = [.. ArchivePart.Whole(folder)];
        while (step > 0)
        {
            (IEnumerable<(RoundPlace, RunRound?)> found, int first) = (Recorded(step, cancellationToken), step);
            if (parts.FindLast(part => part.First <= step && part.Last >= step) is { } part)
            {
                // One that is broken is tried once, and its steps are those of the record.
                parts.Remove(part);
                if (InTime(part, cancellationToken) is { } rounds)
                    (found, first) = (rounds, part.First);
            }

            foreach ((RoundPlace place, RunRound? round) in found)
            {
                if (place.Step <= step && (before is null || place.Step < before.Step || (place.Step == before.Step && place.Ordinal < before.Ordinal)))
                    yield return (place, round);
            }

            yield return (new RoundPlace(first, 0), null);
            step = first - 1;
        }
    }

    // A part that takes longer than a page may is not waited for again.
    private List<(RoundPlace, RunRound?)>? InTime(ArchivePart part, CancellationToken cancellationToken)
    {
        try
        {
            return reader.Rounds(part, cancellationToken)?.ConvertAll(round => (new RoundPlace(round.Step, round.Ordinal), (RunRound?)round));
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }

    private IEnumerable<(RoundPlace, RunRound?)> Recorded(int step, CancellationToken cancellationToken)
    {
        foreach (ManifestGroup group in GroupsOf(step).OrderByDescending(group => group.Ordinal))
            yield return (new RoundPlace(step, group.Ordinal), cancellationToken.IsCancellationRequested ? null : RoundOf(step, group));
    }

    private ManifestGroup[] GroupsOf(int step)
    {
        try
        {
            return RecordedGroups.Manifest(run, step, CancellationToken.None)?.Groups ?? [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return [];
        }
    }

    private RunRound? RoundOf(int step, ManifestGroup group)
    {
        try
        {
            return RecordedGroups.Body(run, group, CancellationToken.None) is { } body ? ArchivedRounds.Of(step, body, group, rewards) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
