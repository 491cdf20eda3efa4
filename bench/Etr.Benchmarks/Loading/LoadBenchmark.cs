using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Rollouts.Cpu;
using TorchSharp;

namespace Etr.Benchmarks.Loading;

/// <summary>
/// <c>load [memory]</c>: how fast weights of some 500 MB come from safetensors into the learner's tensors and the engines' own forms, against
/// reading the file into fresh memory; and the process's peak beside what is held at the end. The file is in the page cache. With <c>memory</c> also the learner's memory, planned and measured.
/// </summary>
internal static class LoadBenchmark
{
    private const int Rounds = 5;
    private const int Piece = 1 << 20;

    // 134.5 million parameters, 538 MB in fp32.
    private static readonly ModelConfig Model = new()
    {
        Architecture = ModelArchitecture.Llama,
        VocabularySize = 49_152,
        HiddenSize = 576,
        IntermediateSize = 1536,
        Layers = 30,
        Heads = 9,
        KeyValueHeads = 3,
        HeadSize = 64,
        ContextLength = 2048,
        TiedHead = true,
        EndTokens = [0],
    };

    public static Task<int> RunAsync(string[] args)
    {
        // A process of its own for each round: memory that an allocator keeps would make the next round look cheap.
        if (args is [string work, string path])
        {
            Round(work, path);
            return Task.FromResult(0);
        }

        string folder = Directory.CreateTempSubdirectory("etr-load-").FullName;
        try
        {
            string single = Write(folder, torch.ScalarType.Float32);
            foreach (string file in (string[])[single, Write(folder, torch.ScalarType.BFloat16)])
                Measure(file);
            if (args is ["memory"])
            {
                File.Move(single, Path.Combine(folder, ModelFiles.Weights));
                Model.Write(Path.Combine(folder, ModelFiles.Config));
                LearnerMemory.Measure(folder, Model);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return Task.FromResult(0);
    }

    private static void Measure(string file)
    {
        (double read, _) = Best("read", file);
        long bytes = new FileInfo(file).Length;
        double weights = 4.0 * Model.ParameterCount;
        double head = 4.0 * Model.VocabularySize * Model.HiddenSize;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)}: {bytes >> 20} MiB read into fresh memory in {read:0.000} s, {bytes / read / 1e9:0.00} GB/s"));
        foreach ((string work, double held) in ((string, double)[])[("learner", weights), ("torch", weights + head), ("cpu", weights + head)])
        {
            (double seconds, double peak) = Best(work, file);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"  {work,-8} {seconds,6:0.000} s, {100 * read / seconds,4:0} % of reading's speed; peak {peak / held:0.00} × the {held / (1 << 20):0} MiB held"));
        }
    }

    private static void Round(string work, string file)
    {
        // What is loaded once for all, libtorch's own pages among it, is loaded before.
        _ = Policy.Runtime.TorchRuntime.Start("cpu", 1);
        using (var little = DecoderWeights.Initialise(Model with { VocabularySize = 64, Layers = 1 }, 1))
            new CachedDecoder(little).Dispose();
        double seconds = 0;
        long peak = PeakMemory.Of(() =>
        {
            long start = Stopwatch.GetTimestamp();
            using IDisposable? loaded = work switch
            {
                "learner" => DecoderWeights.Load(file, Model),
                "torch" => new CachedDecoder(Open(file)),
                "cpu" => CpuWeights.Load(file, Model, int8: false),
                _ => Read(file),
            };
            seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:R} {peak}"));
    }

    // Least time and least peak of several processes.
    private static (double Seconds, double Peak) Best(string work, string file)
    {
        (double seconds, double peak) = (double.PositiveInfinity, double.PositiveInfinity);
        for (int i = 0; i < Rounds; i++)
        {
            using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["load", work, file]) { RedirectStandardOutput = true })!;
            string[] said = child.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.TrimEntries);
            seconds = Math.Min(seconds, double.Parse(said[0], CultureInfo.InvariantCulture));
            peak = Math.Min(peak, double.Parse(said[1], CultureInfo.InvariantCulture));
        }

        return (seconds, peak);
    }

    private static FusedModel Open(string file)
    {
        using var source = WeightFiles.Open(file);
        return FusedModel.Load(source, Model, torch.CPU);
    }

    // Fresh memory each time, as a program that reads a file to use it has.
    private static unsafe IDisposable? Read(string file)
    {
        using var handle = File.OpenHandle(file, options: FileOptions.SequentialScan);
        long length = RandomAccess.GetLength(handle);
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)length, 64);
        for (long at = 0; at < length; at += Piece)
            _ = RandomAccess.Read(handle, new Span<byte>(memory + at, (int)Math.Min(Piece, length - at)), at);
        NativeMemory.AlignedFree(memory);
        return null;
    }

    private static string Write(string folder, torch.ScalarType type)
    {
        string file = Path.Combine(folder, $"{type}.safetensors");
        using DecoderWeights weights = DecoderWeights.Initialise(Model, 1);
        using DisposeScope scope = torch.NewDisposeScope();
        SafetensorsWriter.Write(file, [.. weights.Named.Select(weight => (weight.Name, weight.Value.detach().to(type)))]);
        return file;
    }
}
