using System.Text;
using System.Text.Json;
using Etr.Silo.Cli;

namespace Etr.Silo.Conformance;

/// <summary>Reads files of known answers. They come from outside: size, line length, depth and count are bounded.</summary>
internal static class ConformanceFile
{
    private const long LargestFile = 64L << 20;
    private const int LongestLine = 1 << 20;
    private const int MostCases = 1_000_000;
    private const int DeepestNesting = 16;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = DeepestNesting };

    /// <summary>A JSON file whose root is a list of cases.</summary>
    /// <exception cref="CommandFailure">The file is missing, too large, or not such a list.</exception>
    public static IReadOnlyList<ConformanceCase> ReadList(string path)
    {
        ConformanceCase root = ReadOne(path);
        return root.Json.ValueKind == JsonValueKind.Array
            ? [.. root.Json.EnumerateArray().Take(MostCases).Select((item, i) => new ConformanceCase($"{path}, case {i + 1}", item))]
            : throw new CommandFailure($"{path}: expected a list of cases, found {Kind(root.Json)}");
    }

    /// <summary>A JSON file that is one case.</summary>
    /// <exception cref="CommandFailure">The file is missing, too large, or not JSON.</exception>
    public static ConformanceCase ReadOne(string path)
    {
        Check(path);
        try
        {
            return new ConformanceCase(path, JsonDocument.Parse(ReadAtMost(path), Options).RootElement);
        }
        catch (JsonException e)
        {
            throw new CommandFailure($"{path}, line {e.LineNumber + 1}: not JSON ({e.Message})", inner: e);
        }
    }

    /// <summary>A file with one JSON object a line; empty lines are passed over.</summary>
    /// <exception cref="CommandFailure">The file is missing, too large, or a line is too long or not JSON.</exception>
    public static IEnumerable<ConformanceCase> ReadLines(string path)
    {
        Check(path);
        using var reader = new StreamReader(path, Encoding.UTF8);
        int number = 0;
        while (ReadLine(reader, path, number + 1) is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            JsonElement json;
            try
            {
                json = JsonDocument.Parse(line, Options).RootElement;
            }
            catch (JsonException e)
            {
                throw new CommandFailure($"{path}, line {number}: not JSON ({e.Message})", inner: e);
            }

            yield return new ConformanceCase($"{path}, line {number}", json);
        }
    }

    /// <summary>What an element is, in words.</summary>
    internal static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Undefined => "nothing",
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        var kind => $"{(kind is JsonValueKind.Array or JsonValueKind.Object ? "an" : "a")} {kind.ToString().ToLowerInvariant()}",
    };

    private static void Check(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new CommandFailure($"{path} does not exist");
        if (file.Length > LargestFile)
            throw TooLarge(path);
    }

    private static CommandFailure TooLarge(string path) => new($"{path} has more than {LargestFile >> 20} MiB, the most that is read");

    // A pipe or a device has no length to check before reading.
    private static ReadOnlyMemory<byte> ReadAtMost(string path)
    {
        using FileStream file = File.OpenRead(path);
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read = file.Read(buffer); read > 0; read = file.Read(buffer))
        {
            content.Write(buffer, 0, read);
            if (content.Length > LargestFile)
                throw TooLarge(path);
        }

        return content.GetBuffer().AsMemory(0, (int)content.Length);
    }

    // StreamReader.ReadLine has no bound of its own.
    private static string? ReadLine(StreamReader reader, string path, int number)
    {
        if (reader.EndOfStream)
            return null;
        var line = new StringBuilder();
        for (int c = reader.Read(); c is not (-1 or '\n'); c = reader.Read())
        {
            if (line.Length == LongestLine)
                throw new CommandFailure($"{path}, line {number}: longer than {LongestLine} characters");
            line.Append((char)c);
        }

        return line.ToString();
    }
}
