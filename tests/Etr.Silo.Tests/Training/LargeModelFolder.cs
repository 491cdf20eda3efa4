using System.Buffers.Binary;
using System.Text.Json;
using Etr.Policy.Models;

namespace Etr.Silo.Tests.Training;

/// <summary>
/// A folder with a model of the shape of DeepSeek-R1-Distill-Qwen-7B, 15 GB in name: its weights are a hole in a file, which takes no place
/// on a disk. What reads no weight cannot tell it from the real one.
/// </summary>
internal sealed class LargeModelFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-large-");

    public LargeModelFolder()
    {
        Shape.Write(System.IO.Path.Combine(Path, ModelFiles.Config));
        RandomQwen3.WriteTokenizer(Path);
        var header = new Dictionary<string, object>();
        long at = 0;
        foreach ((string name, long[] shape) in WeightShapes.Of(Shape))
        {
            long bytes = 2 * shape.Aggregate(1L, (product, length) => product * length);
            header[name] = new { dtype = "BF16", shape, data_offsets = new[] { at, at + bytes } };
            at += bytes;
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        using FileStream file = File.Create(System.IO.Path.Combine(Path, ModelFiles.Weights));
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        file.SetLength(8 + json.Length + at);
        File.WriteAllLines(Prompts, Enumerable.Range(0, 100).Select(i => $$"""{"question":"How many primes are below {{i}}?","final_answer":"{{i / 3}}","difficulty":6,"topic":"numbers"}"""));
    }

    /// <summary>The shape.</summary>
    public static ModelConfig Shape { get; } = new()
    {
        VocabularySize = 152_064,
        HiddenSize = 3584,
        IntermediateSize = 18_944,
        Layers = 28,
        Heads = 28,
        KeyValueHeads = 4,
        HeadSize = 128,
        ContextLength = 131_072,
        RopeTheta = 10_000,
        TiedHead = false,
        EndTokens = [1],
    };

    /// <summary>The repository's root.</summary>
    public static string Repository { get; } = Root();

    public string Path => _folder.FullName;

    /// <summary>A file of prompts as DeepMath has them.</summary>
    public string Prompts => System.IO.Path.Combine(Path, "prompts.jsonl");

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Root()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(System.IO.Path.Combine(at.FullName, "Etr.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new DirectoryNotFoundException("the repository's root is not above the tests");
    }
}
