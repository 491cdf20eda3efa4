using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Etr.Core.Statistics;
using Etr.Core.Tasks;

namespace Etr.Core.Evaluation;

/// <summary>
/// What an evaluation has measured so far, a line a prompt, appended as its traces end: a killed evaluation goes on after it. A last line
/// that was cut off is measured again.
/// </summary>
public sealed class EvaluationJournal : IDisposable
{
    private const int LongestLine = 64 << 20;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly ConcurrentDictionary<(string Part, int Prompt), JournalRow> _rows = new();
    private readonly Lock _lock = new();
    private readonly FileStream _file;

    private EvaluationJournal(FileStream file) => _file = file;

    /// <summary>Prompts that were measured before it was opened, over all parts.</summary>
    public int Known { get; private set; }

    /// <summary>Opens one, or begins it.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="identity">What is evaluated and how, as a hash.</param>
    /// <exception cref="InvalidDataException">The file is of another evaluation, or no journal.</exception>
    /// <exception cref="IOException">It cannot be read or written, or another process writes it.</exception>
    public static EvaluationJournal Open(string path, string identity)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(identity);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var journal = new EvaluationJournal(file);
        try
        {
            long end = journal.Read(path, identity);
            file.SetLength(end);
            file.Position = end;
            if (end == 0)
                journal.Append(new JournalHead(identity));
            journal.Known = journal._rows.Count;
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal EvaluatedPrompt? Find(string part, int prompt, PromptItem item) =>
        _rows.TryGetValue((part, prompt), out JournalRow? row) ? new EvaluatedPrompt(item, row.Statistics, row.Reflections, row.Answers) : null;

    internal void Add(string part, int prompt, EvaluatedPrompt measured) =>
        Append(new JournalRow(part, prompt, measured.Statistics, measured.Reflections, measured.Answers));

    private void Append<T>(T line)
    {
        byte[] json = [.. JsonSerializer.SerializeToUtf8Bytes(line, Options), (byte)'\n'];
        lock (_lock)
        {
            _file.Write(json);
            _file.Flush();
        }
    }

    // Where the last whole line ends; whatever stands after it is gone.
    private long Read(string path, string identity)
    {
        var lines = new Prompts.LineReader(_file.SafeFileHandle, LongestLine);
        long end = 0;
        while (lines.TryRead(out ReadOnlyMemory<byte> line, out bool tooLong))
        {
            bool whole = !tooLong && lines.Offset + line.Length < _file.Length;
            if (!whole || !TryTake(line, first: end == 0, path, identity))
                break;
            end = lines.Offset + line.Length + 1;
        }

        return end;
    }

    private bool TryTake(ReadOnlyMemory<byte> line, bool first, string path, string identity)
    {
        try
        {
            if (first)
            {
                return JsonSerializer.Deserialize<JournalHead>(line.Span, Options)?.Identity == identity
                    ? true
                    : throw new InvalidDataException($"{path} is of another evaluation: another model, other prompts or other settings; remove it, or name another file");
            }

            if (JsonSerializer.Deserialize<JournalRow>(line.Span, Options) is not { Statistics: not null, Reflections: not null, Answers: not null, Part: not null } row)
                return false;
            _rows[(row.Part, row.Prompt)] = row;
            return true;
        }
        catch (JsonException) when (!first)
        {
            return false;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no evaluation under way: remove it, or name another file", e);
        }
    }

    private sealed record JournalHead(string Identity);

    private sealed record JournalRow(
        string Part, int Prompt, IReadOnlyList<TraceStatistics> Statistics, IReadOnlyList<int> Reflections, IReadOnlyList<string> Answers);
}
