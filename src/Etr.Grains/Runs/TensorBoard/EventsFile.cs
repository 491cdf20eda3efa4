using System.Globalization;

namespace Etr.Grains.Runs.TensorBoard;

/// <summary>
/// A run's TensorBoard event file: a record a committed step and a record an evaluation, one file for the run's life. It is only added to,
/// but for a tail that is no whole record: what a killed process left there, no reader has gone past. What it has already is read off it, so a
/// resumed run goes on without a step twice; a file that is lost is made again.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="time">The wall time of what is added.</param>
internal sealed class EventsFile(string path, TimeProvider time)
{
    private Kept _end;

    /// <summary>The name of a run's file: readers look for <c>tfevents</c> in it.</summary>
    public static string NameOf(DateTimeOffset startedAt) =>
        string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{startedAt.ToUnixTimeSeconds()}.etr");

    /// <summary>Brings the file up to date.</summary>
    /// <param name="last">The last committed step.</param>
    /// <param name="summaryOf">A step's summary; null for one that is not known any more, which gets no record.</param>
    /// <param name="evaluations">Evaluations, oldest first.</param>
    /// <param name="cancellationToken">Ends the writing; the next time makes good for it.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task UpdateAsync(int last, Func<int, ValueTask<StepSummary?>> summaryOf, IReadOnlyList<RunEvaluation> evaluations, CancellationToken cancellationToken)
    {
        Kept kept = await KeptAsync(cancellationToken);
        var added = new MemoryStream();
        if (kept.Bytes == 0)
            added.Write(EventRecord.Header(time.GetUtcNow()));
        int evaluated = kept.Evaluated;
        for (int step = kept.Step + 1; step <= last; step++)
        {
            if (await summaryOf(step) is { } summary)
                added.Write(EventRecord.Scalars(time.GetUtcNow(), step, EventScalars.Of(summary)));
        }

        foreach (RunEvaluation found in evaluations.Where(found => found.Step > kept.Evaluated && found.Failure.Length == 0))
        {
            added.Write(EventRecord.Scalars(time.GetUtcNow(), found.Step, EventScalars.Of(found)));
            evaluated = found.Step;
        }

        _end = default;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, 0, FileOptions.Asynchronous);
        if (stream.Length != kept.Bytes)
            stream.SetLength(kept.Bytes);
        stream.Position = kept.Bytes;
        await stream.WriteAsync(added.GetBuffer().AsMemory(0, (int)added.Length), cancellationToken);
        _end = new Kept(stream.Position, Math.Max(last, kept.Step), evaluated);
    }

    /// <summary>How many bytes of the file are whole records of steps that rise, and which the last ones are of.</summary>
    private async Task<Kept> KeptAsync(CancellationToken cancellationToken)
    {
        if (new FileInfo(path) is not { Exists: true, Length: var length })
            return default;
        if (length == _end.Bytes)
            return _end;
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, FileOptions.Asynchronous);
        Kept kept = default;
        while (await EventRecord.ReadAsync(stream, cancellationToken) is { } message)
        {
            (int Step, string Tag)? of = EventRecord.StepOf(message);
            if (of is null != (kept.Bytes == 0))
                break;
            kept = kept with { Bytes = kept.Bytes + EventRecord.Frame + message.Length };
            if (of is { } found && found.Tag.StartsWith(EventScalars.HeldOut, StringComparison.Ordinal))
                kept = kept with { Evaluated = Math.Max(kept.Evaluated, found.Step) };
            else if (of is { } step)
                kept = kept with { Step = Math.Max(kept.Step, step.Step) };
        }

        return kept;
    }

    private readonly record struct Kept(long Bytes, int Step, int Evaluated);
}
