using System.Globalization;
using System.Text;

namespace Etr.Grains.Runs;

/// <summary>
/// A run's <c>steps.csv</c>: a line a committed step, for people and their tools. Nothing reads it back: the steps' manifests and the
/// run's state are the record, and a file that is missing, torn, or of another version's columns is made again from them.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="shapers">The shapers of the run's reward, monitors included.</param>
internal sealed class StepsFile(string path, IReadOnlyList<string> shapers)
{
    // What one line may hold; a longer one is not of this program.
    private const int LongestLine = 1 << 20;

    private readonly string _header = StepColumns.Header(shapers);

    // Where the last writing ended, so that a long file is not read at every step.
    private (long Bytes, int Step) _end;

    /// <summary>Brings the file up to date.</summary>
    /// <param name="from">The first step whose line may differ from what is there; those before it are kept if they are there.</param>
    /// <param name="last">The last committed step.</param>
    /// <param name="rowOf">A step's row; null for one that is not known any more, which gets no line.</param>
    /// <param name="cancellationToken">Ends the writing; the next time makes good for it.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task UpdateAsync(int from, int last, Func<int, ValueTask<StepRow?>> rowOf, CancellationToken cancellationToken)
    {
        (long kept, int step) = await KeptAsync(from, cancellationToken);
        _end = default;
        await using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 1 << 16, FileOptions.Asynchronous);
        stream.SetLength(kept);
        stream.Position = kept;
        await using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        if (kept == 0)
            await writer.WriteLineAsync(_header.AsMemory(), cancellationToken);
        while (++step <= last)
        {
            if (await rowOf(step) is { } row)
                await writer.WriteLineAsync(StepColumns.Line(row, shapers).AsMemory(), cancellationToken);
        }

        await writer.FlushAsync(cancellationToken);
        _end = (stream.Position, last);
    }

    /// <summary>
    /// How many bytes of the file are whole lines, under this version's header, of steps that rise and lie before <paramref name="from"/>;
    /// and the last of those steps.
    /// </summary>
    private async Task<(long Bytes, int Step)> KeptAsync(int from, CancellationToken cancellationToken)
    {
        if (new FileInfo(path) is not { Exists: true, Length: var length })
            return default;
        if (length == _end.Bytes && from > _end.Step)
            return _end;
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, FileOptions.Asynchronous);
        var (buffer, line) = (new byte[1 << 16], new List<byte>());
        var (bytes, step, isHeader) = (0L, 0, true);
        for (int read = await stream.ReadAsync(buffer, cancellationToken); read > 0; read = await stream.ReadAsync(buffer, cancellationToken))
        {
            for (int i = 0; i < read; i++)
            {
                if (buffer[i] != '\n')
                {
                    line.Add(buffer[i]);
                    if (line.Count > LongestLine)
                        return (bytes, step);
                    continue;
                }

                string text = Encoding.UTF8.GetString([.. line]);
                int found = isHeader ? 0 : StepOf(text);
                if (isHeader ? text != _header : found <= step || found >= from)
                    return (bytes, step);
                (bytes, step, isHeader) = (bytes + line.Count + 1, found, false);
                line.Clear();
            }
        }

        return (bytes, step);
    }

    private static int StepOf(string line) =>
        int.TryParse(line.AsSpan(0, Math.Max(0, line.IndexOf(',', StringComparison.Ordinal))), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : 0;
}
