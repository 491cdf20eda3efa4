using System.Text.Json;
using Etr.Core.Runs;

namespace Etr.Core.Prompts;

/// <summary>
/// Goes through prompt files once: a batch of lines is read, its rows are interpreted on all cores, and what must see the rows in
/// their order (ids, duplicates, the first so many) is done after. Nothing of a row is kept but its place and hashes.
/// </summary>
internal sealed class PromptScan(PromptFileOptions options)
{
    private const int KeptBadRows = 20;
    private const int BatchRows = 4096;
    private const int BatchBytes = 4 << 20;

    private readonly DatasetOptions _data = options.Dataset;
    private readonly PromptTemplate _template = PromptTemplate.Of(options.Dataset.Template);
    private readonly List<BadRow> _badRows = [];
    private readonly HashSet<ulong> _ids = [];
    private readonly Dictionary<UInt128, int> _answers = [];
    private readonly PromptIndex _training = new();
    private readonly PromptIndex _heldOut = new();
    private long _rows;
    private long _bad;
    private long _outside;
    private long _duplicates;
    private long _conflicts;
    private long _tooLong;
    private int _taken;

    /// <inheritdoc cref="PromptFiles.Read"/>
    public PromptFiles Read(string path, IReadOnlyList<PromptSource> sources, CancellationToken cancellationToken)
    {
        var files = new List<IndexedFile>();
        for (int file = 0; file < sources.Count && !IsFull; file++)
            files.Add(Read(sources[file], file, cancellationToken));
        return new PromptFiles(path, [.. files], _training, _heldOut, _template, new PromptReport
        {
            Rows = _rows,
            Bad = _bad,
            BadRows = _badRows,
            ByDifficulty = _outside,
            Duplicates = _duplicates,
            Conflicts = _conflicts,
            TooLong = _tooLong,
        });
    }

    private bool IsFull => _training.Places.Count >= options.Limit || (_data.Rows > 0 && _taken >= _data.Rows);

    private IndexedFile Read(PromptSource source, int file, CancellationToken cancellationToken)
    {
        var lines = new LineReader(source.Handle, options.MaxLineBytes);
        var batch = new LineBatch();
        RowLayout? layout = null;
        bool more = true;
        while (more && !IsFull)
        {
            cancellationToken.ThrowIfCancellationRequested();
            more = batch.Fill(lines, BatchRows, BatchBytes);
            layout ??= batch.Lines.Select(line => LayoutOf(batch.BytesOf(line))).FirstOrDefault(fit => fit is not null);
            RowLayout how = layout ?? Unknown(batch);
            var rows = new ScannedRow[batch.Lines.Count];
            Parallel.For(0, rows.Length, new ParallelOptions { CancellationToken = cancellationToken }, i => rows[i] = Interpret(batch, batch.Lines[i], how));
            for (int i = 0; i < rows.Length && !IsFull; i++)
                Take(source, file, batch.Lines[i], rows[i]);
        }

        return new IndexedFile(source, layout ?? Unknown(batch));
    }

    private RowLayout? LayoutOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object ? RowLayouts.Of(document.RootElement, _data) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // Every row is bad, and says what it has instead.
    private RowLayout Unknown(LineBatch batch) => new(
        "unknown", _ => null, $"no layout {(_data.Layout == "auto" ? "" : $"'{_data.Layout}' ")}fits {batch.MembersOfFirst()}: name members with Etr:Dataset:Prompt and Etr:Dataset:Answer", _ => null, "");

    private ScannedRow Interpret(LineBatch batch, BatchLine line, RowLayout layout)
    {
        if (line.TooLong)
            return new ScannedRow { Reason = $"the line is longer than {options.MaxLineBytes} bytes" };
        RowReading row = layout.Read(batch.BytesOf(line), bare: _data is { MinDifficulty: null, MaxDifficulty: null });
        if (row.Question is null)
            return new ScannedRow { Reason = row.Reason };
        UInt128 key = QuestionKey.Of(row.Question);
        var scanned = new ScannedRow { Key = key, Id = row.Id, Answer = row.Answer!.GetHashCode(StringComparison.Ordinal), IsOutside = IsOutside(row.Difficulty) };
        return scanned.IsOutside || options.Measure is not { } measure ? scanned : Measure(scanned, _template.Render(row.Question), measure);
    }

    private ScannedRow Measure(ScannedRow row, string prompt, IPromptMeasure measure)
    {
        try
        {
            int most = _data.MaxPromptTokens > 0 ? Math.Min(_data.MaxPromptTokens, measure.Room) : measure.Room;
            int tokens = measure.Tokens(prompt, most);
            if (tokens <= most)
                return row;
            return tokens > measure.Room && (_data.MaxPromptTokens == 0 || _data.MaxPromptTokens > measure.Room)
                ? row with { PromptFault = $"the prompt has {tokens} tokens, and the policy's context leaves room for {measure.Room}" }
                : row with { IsTooLong = true };
        }
        catch (ArgumentException e)
        {
            return row with { PromptFault = $"the policy can't read the prompt: {e.Message.Split(" (Parameter ")[0]}" };
        }
    }

    private bool IsOutside(double? difficulty) =>
        (_data.MinDifficulty is double least && !(difficulty >= least)) || (_data.MaxDifficulty is double most && !(difficulty <= most));

    private void Take(PromptSource source, int file, BatchLine line, ScannedRow row)
    {
        _rows++;
        if (row.Reason is not null)
            Report(source, line, row.Reason);
        else if (row.Id is not null && !_ids.Add(QuestionKey.OfId(row.Id)))
            Report(source, line, $"the id '{row.Id}' was used before");
        else if (row.IsOutside)
            _outside++;
        else if (!IsDuplicate(row))
            Keep(source, file, line, row);
    }

    private bool IsDuplicate(ScannedRow row)
    {
        if (!_data.Deduplicate || _answers.TryAdd(row.Key, row.Answer))
            return false;
        _duplicates++;
        _conflicts += _answers[row.Key] == row.Answer ? 0 : 1;
        return true;
    }

    private void Keep(PromptSource source, int file, BatchLine line, ScannedRow row)
    {
        _taken++;
        if (row.PromptFault is not null)
            Report(source, line, row.PromptFault);
        else if (row.IsTooLong)
            _tooLong++;
        else
        {
            bool heldOut = _data.HeldOutShare > 0 && QuestionKey.IsHeldOut(row.Key, _data.SplitSeed, _data.HeldOutShare);
            (heldOut ? _heldOut : _training).Add(new PromptPlace(line.Offset, line.Length, (int)line.Number, file), row.Key);
        }
    }

    private void Report(PromptSource source, BatchLine line, string reason)
    {
        var row = new BadRow(source.Path, line.Number, reason);
        _bad++;
        if (options.BadRows == BadRowPolicy.Fatal)
            throw new PromptFileException(row);
        if (_badRows.Count < KeptBadRows)
            _badRows.Add(row);
    }

    private readonly record struct ScannedRow
    {
        public string? Reason { get; init; }

        public string? PromptFault { get; init; }

        public string? Id { get; init; }

        public UInt128 Key { get; init; }

        public int Answer { get; init; }

        public bool IsOutside { get; init; }

        public bool IsTooLong { get; init; }
    }
}
