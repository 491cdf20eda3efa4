using Etr.Core.Policies;
using FsCheck.Xunit;
using static Etr.Core.Tests.Policies.MemorySource;

namespace Etr.Core.Tests.Policies;

public sealed class PolicyFetcherTests : IDisposable
{
    private const long Small = 5; // config.json and tokenizer.json of MemorySource

    private readonly string _cache = Directory.CreateTempSubdirectory("etr-fetch-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Fact]
    public async Task A_version_is_fetched_whole_once_and_then_had()
    {
        byte[] weights = Bytes(1, 5000);
        MemorySource source = Of(3, weights, 100, 1900, 3000);
        var fetcher = new PolicyFetcher(_cache);
        FetchedPolicy fetched = await FetchAsync(fetcher, source);
        Assert.Equal((5005, 0), (fetched.BytesFetched, fetched.BytesReused));
        Assert.Equal(Path.Combine(_cache, Hash(weights)), fetched.Folder);
        Assert.Equal(weights, await File.ReadAllBytesAsync(Path.Combine(fetched.Folder, "model.safetensors"), Cancellation));
        Assert.Equal(["config.json", "manifest.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(fetched.Folder).Select(Path.GetFileName).Order());
        Assert.Equal([("config.json", 0, 3), ("tokenizer.json", 0, 2), ("model.safetensors", 0, 5000)], source.Requests);

        foreach (PolicyFetcher again in new[] { fetcher, new PolicyFetcher(_cache) })
        {
            fetched = await FetchAsync(again, source);
            Assert.Equal((0, 5005), (fetched.BytesFetched, fetched.BytesReused));
        }

        Assert.Equal(5005, source.Asked);
    }

    [Fact]
    public async Task Only_changed_parts_travel_and_neighbours_share_a_request()
    {
        byte[] first = Bytes(1, 10_000);
        byte[] second = [.. first];
        second[2500]++; // in t2
        second[3500]++; // in t3
        second[9999]++; // in t9
        int[] lengths = [.. Enumerable.Repeat(1000, 10)];
        var fetcher = new PolicyFetcher(_cache);
        await FetchAsync(fetcher, Of(1, first, lengths));
        MemorySource source = Of(2, second, lengths);
        FetchedPolicy fetched = await FetchAsync(fetcher, source);
        Assert.Equal([("model.safetensors", 2000, 2000), ("model.safetensors", 9000, 1000)], source.Requests);
        Assert.Equal((3000, 7000 + Small), (fetched.BytesFetched, fetched.BytesReused));
        Assert.Equal(second, Weights(fetched));
    }

    [Fact]
    public async Task A_part_is_found_wherever_another_version_has_it()
    {
        byte[] first = Bytes(1, 6000);
        byte[] second = [.. first[4000..], .. first[..4000]];
        var fetcher = new PolicyFetcher(_cache);
        await FetchAsync(fetcher, Of(1, first, 4000, 2000));
        MemorySource source = Of(2, second, 2000, 4000);
        Assert.Equal(second, Weights(await FetchAsync(fetcher, source)));
        Assert.Equal(0, source.Asked);
    }

    [Fact]
    public async Task An_interrupted_fetch_goes_on_where_it_stopped()
    {
        byte[] weights = Bytes(1, 10_000);
        MemorySource source = Of(1, weights, 500, 3500, 4000, 2000);
        source.BreaksAfter = Small + 4200;
        await Assert.ThrowsAsync<IOException>(() => FetchAsync(new PolicyFetcher(_cache), source));
        string folder = Assert.Single(Directory.GetDirectories(_cache));
        Assert.Equal(["config.json", "model.safetensors.part", "tokenizer.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());

        source.Requests.Clear();
        source.BreaksAfter = long.MaxValue;
        FetchedPolicy fetched = await FetchAsync(new PolicyFetcher(_cache), source);
        Assert.Equal([("model.safetensors", 4000, 6000)], source.Requests);
        Assert.Equal((6000, 4000 + Small), (fetched.BytesFetched, fetched.BytesReused));
        Assert.Equal(weights, Weights(fetched));
    }

    [Fact]
    public async Task A_wrong_byte_is_fetched_again_once_and_then_refused()
    {
        byte[] weights = Bytes(1, 6000);
        MemorySource source = Of(1, weights, 1000, 2000, 3000);
        source.Lie = ("model.safetensors", 1500, 1);
        FetchedPolicy fetched = await FetchAsync(new PolicyFetcher(_cache), source);
        Assert.Equal(weights, Weights(fetched));
        Assert.Equal([("model.safetensors", 0, 6000), ("model.safetensors", 1000, 2000)], source.Requests.Skip(2));
        Assert.Equal(8000 + Small, fetched.BytesFetched);

        byte[] wrong = [.. weights[1000..3000]];
        wrong[500] ^= 0x40;
        source = Of(1, weights, 1000, 2000, 3000);
        source.Lie = ("model.safetensors", 1500, 2);
        string other = Path.Combine(_cache, "other");
        InvalidDataException e = await Assert.ThrowsAsync<InvalidDataException>(() => FetchAsync(new PolicyFetcher(other), source));
        foreach (string told in new[] { "model.safetensors", "'t1'", Hash(weights.AsSpan(1000, 2000)), Hash(wrong) })
            Assert.Contains(told, e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(other, Hash(weights), "model.safetensors")));
    }

    [Fact]
    public async Task A_manifest_that_is_not_as_promised_is_refused_before_anything_is_written_or_asked_for()
    {
        byte[] weights = Bytes(1, 6000);
        MemorySource source = Of(1, weights, 1000, 5000);
        PolicyManifest good = source.Manifest;
        ManifestFile file = good.Weights;
        foreach (ManifestFile bad in new[]
        {
            file with { Name = "../model.safetensors" },
            file with { Bytes = long.MaxValue },
            file with { Parts = [file.Parts[0]] },
            file with { Parts = [file.Parts[0], file.Parts[1] with { Offset = 999 }] },
            file with { Sha256 = new string('0', 64) },
        })
        {
            source.Manifest = good with { Files = [good.Files[0], good.Files[1], bad] };
            await Assert.ThrowsAsync<InvalidDataException>(() => new PolicyFetcher(_cache).FetchAsync(file.Sha256, source, Cancellation));
        }

        source.Manifest = good;
        await Assert.ThrowsAsync<InvalidDataException>(() => FetchAsync(new PolicyFetcher(_cache, maximumBytes: 6000), source));
        Assert.Empty(source.Requests);
        Assert.Empty(Directory.GetFileSystemEntries(_cache));
    }

    [Fact]
    public async Task A_version_larger_than_the_disk_leaves_nothing_under_a_final_name()
    {
        Assert.SkipWhen(new DriveInfo(_cache).AvailableFreeSpace >= PolicyManifest.MostBytes, "this disk has 16 TiB free");
        MemorySource source = Of(1, Bytes(1, 6000), 1000, 5000);
        ManifestFile file = source.Manifest.Weights;
        ManifestPart rest = file.Parts[1] with { Bytes = PolicyManifest.MostBytes - 1000 };
        source.Manifest = source.Manifest with { Files = [file with { Bytes = PolicyManifest.MostBytes, Parts = [file.Parts[0], rest] }] };
        IOException e = await Assert.ThrowsAsync<IOException>(() => FetchAsync(new PolicyFetcher(_cache, long.MaxValue), source));
        Assert.Contains("free", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Assert.Single(Directory.GetDirectories(_cache))));
    }

    [Fact]
    public async Task Large_parts_are_asked_for_in_pieces_of_8_mebibytes()
    {
        byte[] weights = Bytes(1, 20 << 20);
        MemorySource source = Of(1, weights, 100, (20 << 20) - 100);
        Assert.Equal(weights, Weights(await FetchAsync(new PolicyFetcher(_cache), source)));
        Assert.Equal([(0, 8 << 20), (8 << 20, 8 << 20), (16 << 20, 4 << 20)], source.Requests.Skip(2).Select(request => (request.Offset, request.Count)));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_source_that_sends_another_number_of_bytes_than_it_was_asked_for_is_refused(int more)
    {
        MemorySource source = Of(1, Bytes(1, 6000), 6000);
        source.Extra = more;
        await Assert.ThrowsAsync(more > 0 ? typeof(InvalidDataException) : typeof(IOException), () => FetchAsync(new PolicyFetcher(_cache), source));
        Assert.False(File.Exists(Path.Combine(Assert.Single(Directory.GetDirectories(_cache)), "config.json")));
    }

    [Property(MaxTest = 60)]
    public void Whatever_the_cuts_and_whatever_was_there_before_the_same_bytes_come_out(int seed, byte[] cuts, ushort breaksAfter, ushort changed)
    {
        string cache = Path.Combine(_cache, Guid.NewGuid().ToString("N"));
        int[] lengths = [.. cuts.Select(cut => 1 + (cut * 7)), 1 + (seed & 1023)];
        byte[] first = Bytes(seed, lengths.Sum());
        byte[] second = [.. first];
        second[changed % second.Length] ^= 1;
        Run(first, 1);
        Run(second, 2);

        void Run(byte[] weights, long version)
        {
            MemorySource source = Of(version, weights, lengths);
            source.BreaksAfter = breaksAfter % (weights.Length + 10);
            try
            {
                Assert.Equal(weights, Weights(FetchAsync(new PolicyFetcher(cache), source).GetAwaiter().GetResult()));
            }
            catch (IOException)
            {
                source.BreaksAfter = long.MaxValue;
                Assert.Equal(weights, Weights(FetchAsync(new PolicyFetcher(cache), source).GetAwaiter().GetResult()));
            }
        }
    }
}
