using System.Text.Encodings.Web;
using System.Text.Json;
using Etr.Core.Tasks;

namespace Etr.Core.Prompts;

/// <summary>A run's own copy of its prompts: JSON lines that this program wrote after every check, so that only their ends are looked for.</summary>
public static class PreparedPrompts
{
    // What was checked when it was written, with room for the template and JSON's escapes.
    private const int LongestLine = 64 << 20;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes prompts, a line each.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="into">Where to.</param>
    /// <param name="cancellationToken">Ends the work between two prompts.</param>
    /// <exception cref="PromptFileException">A file they are read from has changed.</exception>
    public static void Write(IPromptSet prompts, Stream into, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(into);
        var buffered = new BufferedStream(into, 1 << 20);
        using var writer = new Utf8JsonWriter(buffered, Options);
        for (int i = 0; i < prompts.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Write(writer, prompts[i]);
            writer.Flush();
            writer.Reset();
            buffered.WriteByte((byte)'\n');
        }

        buffered.Flush();
    }

    private static void Write(Utf8JsonWriter writer, PromptItem item)
    {
        writer.WriteStartObject();
        writer.WriteString("id", item.Id);
        writer.WriteString("problem", item.Text);
        writer.WriteString("answer", item.Answer);
        if (item.Category is not null)
            writer.WriteString("subject", item.Category);
        if (item.Difficulty is double difficulty)
            writer.WriteNumber("difficulty", difficulty);
        writer.WriteEndObject();
    }

    internal static PromptFiles Read(string path, IReadOnlyList<PromptSource> sources, PromptFileOptions options)
    {
        var index = new PromptIndex();
        RowField id = new("id"), subject = new("subject"), difficulty = new("difficulty"), problem = new("problem"), answer = new("answer");
        var layout = new RowLayout("prepared", problem.OnlyText, "'problem' is a text", answer.Text, "'answer' is a text")
        {
            Id = id.Text,
            Category = subject.Text,
            Difficulty = difficulty.Number,
        };
        IndexedFile[] files = [.. sources.Select(source => new IndexedFile(source, layout))];
        for (int file = 0; file < files.Length; file++)
        {
            var lines = new LineReader(files[file].Source.Handle, LongestLine);
            while (index.Places.Count < options.Limit && lines.TryRead(out ReadOnlyMemory<byte> line, out _))
                index.Places.Add(new PromptPlace(lines.Offset, line.Length, (int)lines.Number, file));
        }

        return new PromptFiles(path, files, index, new PromptIndex(), PromptTemplate.Of("none"), new PromptReport { Rows = index.Places.Count });
    }
}
