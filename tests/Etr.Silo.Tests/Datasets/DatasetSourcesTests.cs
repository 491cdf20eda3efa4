using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Etr.Core.Prompts;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Silo.Datasets;
using Parquet;

namespace Etr.Silo.Tests.Datasets;

public sealed partial class DatasetSourcesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-data-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Verls_parquet_is_read_with_its_messages_and_its_gold()
    {
        await ParquetFile.WriteVerlAsync(In("train.parquet"), ("1 + 1?", "2"), ("ü + \"1\"?", "3"), ("2 + 2?", "4"), ("2 + 3?", "5"), ("2 + 4?", "6"));

        PromptFileSet set = Read("train.parquet").Training;

        Assert.Equal(5, set.Count);
        Assert.Equal(new PromptItem("openai/gsm8k/train/1", "Be brief.\n\nü + \"1\"?", "3") { Category = "openai/gsm8k" }, set[1]);
        Assert.Equal("6", set[4].Answer);
    }

    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Gzip)]
    public async Task Deepmath_is_read_with_the_papers_filter_over_the_files_of_a_directory(CompressionMethod compression)
    {
        await ParquetFile.WriteDeepMathAsync(In("train-1.parquet"), compression, ("d", "4", 9), ("e", "5", 5));
        await ParquetFile.WriteDeepMathAsync(In("train-0.parquet"), compression, ("a", "1", 4), ("b", "2", 10), ("c", "3", null), ("B ", "2", 6));
        File.WriteAllText(In("README.md"), "not data");

        PromptFiles files = Read("", new DatasetOptions { MinDifficulty = 5, MaxDifficulty = 10, Rows = 2 });

        Assert.Equal([new PromptItem("train-0/2", "b", "2") { Category = "Calculus", Difficulty = 10 }, new PromptItem("train-1/1", "d", "4") { Category = "Calculus", Difficulty = 9 }], [files.Training[0], files.Training[1]]);
        Assert.Equal((2, 2, 1), (files.Training.Count, files.Report.ByDifficulty, files.Report.Duplicates));
    }

    [Fact]
    public async Task A_bad_row_of_parquet_is_named_by_its_file_and_row()
    {
        await ParquetFile.WriteVerlAsync(In("train.parquet"), ("1 + 1?", "2"), (null, "3"), ("2 + 2?", null));

        PromptFileException e = Assert.Throws<PromptFileException>(() => Read("train.parquet"));
        Assert.Equal($"{In("train.parquet")}:2: 'prompt' is a list with one user message, and perhaps a system message before it", e.Message);
        Assert.Equal([2L, 3L], Read("train.parquet", badRows: BadRowPolicy.Skip).Report.BadRows.Select(row => row.Line));
    }

    [Fact]
    public async Task Columns_are_mapped_by_settings()
    {
        await ParquetFile.WriteDeepMathAsync(In("train.parquet"), CompressionMethod.Snappy, ("a", "1", 4));

        PromptItem item = Read("train.parquet", new DatasetOptions { Prompt = "r1_solution_1", Answer = "question", Difficulty = "none" }).Training[0];

        Assert.Equal((new string('x', 1000), "a", null), (item.Text, item.Answer, item.Difficulty));
    }

    [Fact]
    public async Task What_is_unpacked_has_no_name_that_could_be_left_behind()
    {
        await ParquetFile.WriteVerlAsync(In("train.parquet"), ("1 + 1?", "2"));
        PromptFileSet set = Read("train.parquet").Training;
        Assert.Equal("2", set[0].Answer);
        string?[] open = [.. Directory.EnumerateFiles("/proc/self/fd").Select(fd => new FileInfo(fd).LinkTarget)];
        Assert.Contains(open, target => target is not null && Unpacked().IsMatch(target) && target.EndsWith(" (deleted)", StringComparison.Ordinal));
        GC.KeepAlive(set);
    }

    [Fact]
    public async Task A_footer_that_claims_more_than_the_file_has_is_refused()
    {
        await ParquetFile.WriteVerlAsync(In("train.parquet"), ("1 + 1?", "2"));
        byte[] bytes = await File.ReadAllBytesAsync(In("train.parquet"), Cancellation);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(bytes.Length - 8), int.MaxValue);
        await File.WriteAllBytesAsync(In("train.parquet"), bytes, Cancellation);
        Assert.Contains("its footer has 2147483647 bytes", Assert.Throws<PromptFileException>(() => Read("train.parquet")).Message, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(In("train.parquet"), bytes.AsMemory(0, bytes.Length / 2), Cancellation);
        Assert.Contains("cut off", Assert.Throws<PromptFileException>(() => Read("train.parquet")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_byte_is_broken_a_file_is_read_or_refused_by_name()
    {
        await ParquetFile.WriteVerlAsync(In("whole.parquet"), ("1 + 1?", "2"), ("2 + 2?", "4"), ("3 + 3?", "6"));
        byte[] whole = await File.ReadAllBytesAsync(In("whole.parquet"), Cancellation);
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 400; round++)
        {
            byte[] broken = [.. whole];
            int at = 4 + random.Next(broken.Length - 8);
            broken[at] = (byte)(round % 2 == 0 ? 0xFF : random.Next(256));
            await File.WriteAllBytesAsync(In("broken.parquet"), broken, Cancellation);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Read("broken.parquet", badRows: BadRowPolicy.Skip);
            }
            catch (PromptFileException e)
            {
                refused++;
                Assert.Contains("broken.parquet", e.Message, StringComparison.Ordinal);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512L << 20);
        }

        Assert.InRange(refused, 50, 400);
    }

    [Fact]
    public void An_empty_directory_and_a_missing_file_are_named()
    {
        Assert.Contains("no .jsonl or .parquet", Assert.Throws<PromptFileException>(() => Read("")).Message, StringComparison.Ordinal);
        Assert.Contains("none.parquet", Assert.Throws<PromptFileException>(() => Read("none.parquet")).Message, StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private PromptFiles Read(string name, DatasetOptions? dataset = null, BadRowPolicy badRows = BadRowPolicy.Fatal)
    {
        DatasetOptions options = dataset ?? new DatasetOptions();
        string[] members = [options.Prompt, options.Answer];
        return PromptFiles.Read(In(name), new DatasetSources().Open(In(name), members, Cancellation), new PromptFileOptions { Dataset = options, BadRows = badRows }, Cancellation);
    }

    [GeneratedRegex("/etr-[0-9a-f]{32}[.]jsonl")]
    private static partial Regex Unpacked();
}
