using Etr.Grains.Runs;
using Etr.Grains.Runs.TensorBoard;
using Etr.Grains.Tests.Diagnosis;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs.TensorBoard;

public sealed class EventsFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-events-").FullName;

    private string FilePath => Path.Combine(_folder, EventsFile.NameOf(DateTimeOffset.UnixEpoch));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_checksum_is_crc_32c_masked()
    {
        // The check value of the algorithm's catalogue entry.
        Assert.Equal(0xe3069283, EventsReader.Crc32C("123456789"u8));
        Assert.Equal(EventsReader.Masked(0xe3069283), EventRecord.MaskedCrc("123456789"u8));

        // RFC 3720, B.4: 32 bytes of zero, and of one.
        Assert.Equal(0x8a9136aa, EventsReader.Crc32C(new byte[32]));
        Assert.Equal(0x62a8ab43u, EventsReader.Crc32C([.. Enumerable.Repeat((byte)0xff, 32)]));
    }

    [Fact]
    public async Task A_file_begins_with_the_twelve_bytes_that_every_file_of_TensorBoard_begins_with()
    {
        await WriteAsync(1);

        // 24 bytes follow, and their number's masked checksum; then wall_time, as a double.
        byte[] file = await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken);
        Assert.Equal("1800000000000000A37F4B2209", Convert.ToHexString(file.AsSpan(0, 13)));
        Assert.Equal("1A0D627261696E2E4576656E743A32", Convert.ToHexString(file.AsSpan(12 + 9, 15)));
    }

    [Fact]
    public async Task A_step_is_a_record_with_its_scalars_and_what_is_no_number_is_left_out()
    {
        await WriteAsync(3, step => step with { Length = 40 + step.Step, Spearman = double.NaN });

        List<EventsReader.Event> events = EventsReader.Read(FilePath);
        Assert.Equal(("brain.Event:2", 0L), (events[0].FileVersion, events[0].Step));
        Assert.Equal([1L, 2, 3], events.Skip(1).Select(found => found.Step));
        Assert.Equal([41f, 42, 43], events.Skip(1).Select(found => found.Scalars["traces/length"]));
        Assert.Equal(0.3f, events[1].Scalars["entropy/step_entropy"]);
        Assert.Equal(0.8f, events[1].Scalars["shapers/reward[lcpo-max]"]);
        Assert.DoesNotContain("entropy/rho_step_entropy", events[1].Scalars.Keys);
        Assert.All(events, found => Assert.InRange(found.WallTime, 1.7e9, 1e11));
    }

    [Fact]
    public async Task A_torn_tail_is_cut_off_and_the_run_goes_on_without_a_step_twice()
    {
        await WriteAsync(3);
        long whole = new FileInfo(FilePath).Length;
        foreach (int cut in (int[])[1, 4, 15, 30])
        {
            byte[] file = await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(FilePath, file[..^cut], TestContext.Current.CancellationToken);
            Assert.Equal([0L, 1, 2], EventsReader.Read(FilePath).Select(found => found.Step));

            await WriteAsync(3);

            Assert.Equal([0L, 1, 2, 3], EventsReader.Read(FilePath).Select(found => found.Step));
            Assert.Equal(whole, new FileInfo(FilePath).Length);
        }
    }

    [Fact]
    public async Task What_is_damaged_in_the_middle_is_made_again_from_there()
    {
        await WriteAsync(4);
        byte[] file = await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken);
        file[file.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(FilePath, file, TestContext.Current.CancellationToken);

        await WriteAsync(5);

        Assert.Equal([0L, 1, 2, 3, 4, 5], EventsReader.Read(FilePath).Select(found => found.Step));
    }

    [Fact]
    public async Task A_file_of_something_else_is_made_anew()
    {
        await File.WriteAllTextAsync(FilePath, new string('x', 100), TestContext.Current.CancellationToken);

        await WriteAsync(1);

        Assert.Equal([0L, 1], EventsReader.Read(FilePath).Select(found => found.Step));
    }

    [Fact]
    public async Task An_evaluation_comes_later_and_once()
    {
        RunEvaluation second = Evaluation(2) with { Accuracy = 0.75 };
        await WriteAsync(3);
        await WriteAsync(3, evaluations: [second]);
        await WriteAsync(4, evaluations: [second]);
        await WriteAsync(4, evaluations: [second, Evaluation(3) with { Failure = "no sampler" }, Evaluation(4)]);

        EventsReader.Event[] held = [.. EventsReader.Read(FilePath).Where(found => found.Scalars.ContainsKey("held_out/accuracy"))];
        Assert.Equal([2L, 4], held.Select(found => found.Step));
        Assert.Equal(0.75f, held[0].Scalars["held_out/accuracy"]);
        Assert.Equal([1L, 2, 3, 4], EventsReader.Read(FilePath).Where(found => found.Scalars.ContainsKey("traces/length")).Select(found => found.Step));
    }

    [Fact]
    public async Task A_run_writes_its_file_and_goes_on_with_it_after_its_grain_was_lost()
    {
        string folder = _folder;
        await using EtrCluster cluster = await EtrCluster.StartAsync(options => options.EventsDirectory = folder);
        await cluster.Run("board").StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 4), "board"));
        await cluster.UntilAsync(() => cluster.Run("board").GetStatusAsync(), status => status.Step >= 2);
        await EtrCluster.DeactivateAsync(cluster.Run("board"));
        await cluster.EndedAsync("board");
        await EtrCluster.DeactivateAsync(cluster.Run("board"));
        string file = await cluster.UntilAsync(
            () => Task.FromResult(Directory.GetFiles(Path.Combine(folder, "board")).Single()), path => EventsReader.Read(path).Count >= 5);

        Assert.StartsWith("events.out.tfevents.", Path.GetFileName(file), StringComparison.Ordinal);
        List<EventsReader.Event> events = EventsReader.Read(file);
        Assert.Equal([0L, 1, 2, 3, 4], events.Select(found => found.Step));
        Assert.Equal(8f, events[^1].Scalars["traces/length"]);
    }

    // A fresh writer each time: nothing is remembered but the file.
    private Task WriteAsync(int last, Func<StepSummary, StepSummary>? change = null, RunEvaluation[]? evaluations = null) =>
        new EventsFile(FilePath, TimeProvider.System).UpdateAsync(
            last, step => ValueTask.FromResult<StepSummary?>((change ?? (summary => summary))(Views.Step(step))), evaluations ?? [], TestContext.Current.CancellationToken);

    private static RunEvaluation Evaluation(int step) => new()
    {
        Step = step,
        Accuracy = 0.5,
        AccuracyLow = 0.4,
        AccuracyHigh = 0.6,
        Length = 40,
        TrendLengthCorrelation = double.NaN,
        PolicySha256 = "",
    };
}
