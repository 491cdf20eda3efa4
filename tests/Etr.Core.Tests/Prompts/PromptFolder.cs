using System.Text.Json;
using Etr.Core.Prompts;
using Etr.Core.Runs;

namespace Etr.Core.Tests.Prompts;

/// <summary>A folder for prompt files of a test.</summary>
public sealed class PromptFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("etr-data-").FullName;

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public string Write(string name, params string[] lines)
    {
        string path = Path.Combine(Root, name);
        File.WriteAllLines(path, lines);
        return path;
    }

    public PromptFiles Read(DatasetOptions dataset, params string[] lines) => Read(new PromptFileOptions { Dataset = dataset }, lines);

    public PromptFiles Read(PromptFileOptions options, params string[] lines)
    {
        string path = Write("train.jsonl", lines);
        return PromptFiles.Read(path, [PromptSource.Open(path)], options, TestContext.Current.CancellationToken);
    }

    /// <summary>A row in the plain layout.</summary>
    public static string Row(string question, string answer = "1", double? difficulty = null) => difficulty is double level
        ? JsonSerializer.Serialize(new { problem = question, answer, difficulty = level })
        : JsonSerializer.Serialize(new { problem = question, answer });
}
