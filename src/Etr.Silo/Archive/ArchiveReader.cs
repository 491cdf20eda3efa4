using System.Diagnostics.CodeAnalysis;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Datasets;

namespace Etr.Silo.Archive;

/// <summary>
/// Reads an archive's whole parts, only the columns that are needed and only so much of them as a part may have. A part that cannot be read
/// is passed over: everything in it is in the run's record too.
/// </summary>
/// <param name="folder">The archive's folder.</param>
/// <param name="unread">Is told of a part that is passed over, and why.</param>
internal sealed class ArchiveReader(string folder, Action<ArchivePart, string> unread)
{
    private const int MostSteps = 1_000_000;
    private const int MostGroups = 1_000_000;
    private const int MostTraces = 16_000_000;
    private const int MostEntropies = 4_000_000;
    private const int LongestSummary = 1 << 20;

    private static readonly string[] StepColumns = [ArchivedSteps.Summary];
    private static readonly string[] GroupColumns = ["step", "ordinal", "prompt", "round", "policy_version", "traces", "right", "unscorable", "length", "trend"];
    private static readonly string[] TraceColumns = ["ordinal", "slot", "reasoning_steps", "trend", "step_entropies"];

    /// <summary>Summaries of the steps of a range, ascending; without those that no part has.</summary>
    /// <param name="first">The first step.</param>
    /// <param name="last">The last step.</param>
    /// <param name="cancellationToken">Ends the reading with what has been read.</param>
    public List<StepSummary> Steps(int first, int last, CancellationToken cancellationToken)
    {
        List<StepSummary> steps = [];
        foreach (ArchivePart part in ArchivePart.Whole(folder).Where(part => part.First <= last && part.Last >= first))
        {
            int from = Math.Max(first, steps.Count > 0 ? steps[^1].Step + 1 : first);
            if (cancellationToken.IsCancellationRequested)
                break;
            if (from <= last && Try(part, () => StepsOf(part, from, last, cancellationToken)) is { } found)
                steps.AddRange(found);
        }

        return steps;
    }

    /// <summary>The rounds of a part, newest first; null where it cannot be read.</summary>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public List<RunRound>? Rounds(ArchivePart part, CancellationToken cancellationToken)
    {
        List<RunRound>? found = Try(part, () => RoundsOf(part, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return found;
    }

    private static List<StepSummary> StepsOf(ArchivePart part, int first, int last, CancellationToken cancellationToken)
    {
        using ArchiveFile file = ArchiveFile.Open(part.StepsFile, MostSteps);
        if (file.Rows != part.Last - part.First + 1L)
            throw new InvalidDataException($"it has {file.Rows} rows and not one a step");
        List<StepSummary> steps = [];
        int step = Math.Max(first, part.First);
        file.Read(StepColumns, step - part.First, Math.Min(last, part.Last) - part.First, columns =>
        {
            ReadOnlySpan<char> text = columns[0].HasValue ? columns[0].Text() : [];
            if (text.Length > LongestSummary)
                throw new InvalidDataException($"a summary has {text.Length} characters");
            StepSummary summary = StepManifest.SummaryOf(text);
            if (summary.Step != step++)
                throw new InvalidDataException($"the row of step {step - 1} tells of step {summary.Step}");
            steps.Add(summary);
        }, cancellationToken);
        return steps;
    }

    private static List<RunRound> RoundsOf(ArchivePart part, CancellationToken cancellationToken)
    {
        var rounds = new Dictionary<long, RunRound>();
        using (ArchiveFile file = ArchiveFile.Open(part.GroupsFile, MostGroups))
        {
            file.Read(GroupColumns, 0, file.Rows, columns =>
            {
                RunRound round = ArchivedRounds.Of(GroupOf(columns, part));
                rounds[round.Ordinal] = round;
            }, cancellationToken);
        }

        // A share of the traces is kept: the first of those that are is shown.
        var (firsts, entropies) = (new Dictionary<long, ArchivedTrace>(), 0L);
        using (ArchiveFile file = ArchiveFile.Open(part.TracesFile, MostTraces))
        {
            file.Read(TraceColumns, 0, file.Rows, columns =>
            {
                var (ordinal, slot) = (columns[0].Whole(), Whole(columns[1]));
                if (slot < 0 || !rounds.ContainsKey(ordinal) || (firsts.TryGetValue(ordinal, out ArchivedTrace? known) && known.Slot <= slot))
                    return;
                ArchivedTrace trace = firsts[ordinal] = TraceOf(columns, ordinal, slot);
                entropies += trace.StepEntropies.Count;
                if (entropies > MostEntropies)
                    throw new InvalidDataException($"its traces have more than {MostEntropies} steps");
            }, cancellationToken);
        }

        return [.. rounds.Values.Select(round => firsts.TryGetValue(round.Ordinal, out ArchivedTrace? trace) ? ArchivedRounds.With(round, trace) : round)
            .OrderByDescending(round => round.Step).ThenByDescending(round => round.Ordinal)];
    }

    private static ArchivedGroup GroupOf(ParquetColumn[] columns, ArchivePart part)
    {
        var row = new ArchivedGroup
        {
            Step = Whole(columns[0]),
            Ordinal = columns[1].Whole(),
            Prompt = Whole(columns[2]),
            Round = Whole(columns[3]),
            PolicyVersion = columns[4].Whole(),
            Traces = Whole(columns[5]),
            Right = Whole(columns[6]),
            Unscorable = Whole(columns[7]),
            Length = columns[8].Real(),
            Trend = columns[9].Real(),
        };
        bool fits = row.Step >= part.First && row.Step <= part.Last && row is { Ordinal: >= 0, Prompt: >= 0, Right: >= 0, Unscorable: >= 0 }
            && (long)row.Right + row.Unscorable <= row.Traces;
        return fits ? row : throw new InvalidDataException($"the row of group {row.Ordinal} cannot be one of this part");
    }

    private static ArchivedTrace TraceOf(ParquetColumn[] columns, long ordinal, int slot)
    {
        var trace = new ArchivedTrace { Ordinal = ordinal, Slot = slot, ReasoningSteps = Whole(columns[2]), Trend = columns[3].Real() };
        ParquetColumn entropies = columns[4];
        while (true)
        {
            if (entropies.HasValue)
                trace.StepEntropies.Add(entropies.Real());
            if (!entropies.Continues)
                break;
            entropies.Next();
        }

        return trace.ReasoningSteps >= trace.StepEntropies.Count ? trace : throw new InvalidDataException($"a trace of group {ordinal} has more entropies than steps");
    }

    private static int Whole(ParquetColumn column) =>
        column.Whole() is >= int.MinValue and <= int.MaxValue and var number ? (int)number : throw new InvalidDataException("a number is larger than any of its kind");

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "the library throws whatever a broken file leads it to")]
    private T? Try<T>(ArchivePart part, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception exception)
        {
            unread(part, exception.Message.ReplaceLineEndings(" "));
            return null;
        }
    }
}
