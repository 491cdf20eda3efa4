using Etr.Core.Tasks;

namespace Etr.Core.Prompts;

/// <summary>Reads a prompt set from a file of one JSON object a line, as a stream: no more than one line is held.</summary>
/// <remarks>
/// Members: <c>id</c>, <c>problem</c>, <c>answer</c>; optional <c>subject</c> and <c>difficulty</c> or <c>level</c>. Blank lines
/// are passed over. An id that was seen before makes a bad row. Not for use from several threads.
/// </remarks>
public sealed class PromptFile
{
    private const int KeptBadRows = 20;

    private readonly string _path;
    private readonly PromptFileOptions _options;
    private readonly List<BadRow> _badRows = [];

    /// <summary>Names a file; nothing is opened yet.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="options">How to read it; the defaults where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public PromptFile(string path, PromptFileOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _options = (options ?? new PromptFileOptions()).Checked();
    }

    /// <summary>Prompts read so far.</summary>
    public int GoodCount { get; private set; }

    /// <summary>Bad rows met so far.</summary>
    public long BadCount { get; private set; }

    /// <summary>The first bad rows, 20 at most.</summary>
    public IReadOnlyList<BadRow> BadRows => _badRows;

    /// <summary>Reads the prompts, from the beginning.</summary>
    /// <param name="cancellationToken">Ends the reading between two lines.</param>
    /// <returns>The prompts in order.</returns>
    /// <exception cref="PromptFileException">The file cannot be opened, or a row is bad and bad rows are fatal.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IEnumerable<PromptItem> Read(CancellationToken cancellationToken = default)
    {
        (GoodCount, BadCount) = (0, 0);
        _badRows.Clear();
        using var stream = Open();
        var lines = new LineReader(stream, _options.MaxLineBytes);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (GoodCount < _options.Limit && lines.TryRead(out var line, out var tooLong))
        {
            cancellationToken.ThrowIfCancellationRequested();
            line = WithoutMark(line, lines.Number);
            if (!tooLong && IsBlank(line.Span))
                continue;

            var (item, reason) = Interpret(line, tooLong, seen);
            if (item is null)
            {
                Report(new BadRow(_path, lines.Number, reason));
                continue;
            }

            GoodCount++;
            yield return item;
        }
    }

    private (PromptItem? Item, string Reason) Interpret(ReadOnlyMemory<byte> line, bool tooLong, HashSet<string> seen)
    {
        if (tooLong)
            return (null, $"the line is longer than {_options.MaxLineBytes} bytes");
        var (item, reason) = PromptRow.Read(line);
        return item is null || seen.Add(item.Id) ? (item, reason) : (null, $"the id '{item.Id}' was used before");
    }

    private FileStream Open()
    {
        try
        {
            return new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PromptFileException($"{_path}: {exception.Message}");
        }
    }

    private void Report(BadRow row)
    {
        BadCount++;
        if (_options.BadRows == BadRowPolicy.Fatal)
            throw new PromptFileException(row);
        if (_badRows.Count < KeptBadRows)
            _badRows.Add(row);
    }

    // Some editors put a byte order mark before the first line.
    private static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> line, long number) =>
        number == 1 && line.Span.StartsWith("\uFEFF"u8) ? line[3..] : line;

    private static bool IsBlank(ReadOnlySpan<byte> line) => line.Trim(" \t\r"u8).IsEmpty;
}
