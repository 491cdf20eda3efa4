using Etr.Core.Policies;
using static Etr.Core.Tests.Policies.MemorySource;

namespace Etr.Core.Tests.Policies;

public sealed class PolicyCacheTests : IDisposable
{
    private const long Small = 5; // config.json and tokenizer.json of MemorySource

    private readonly string _cache = Directory.CreateTempSubdirectory("etr-cache-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Fact]
    public async Task A_cached_file_that_went_bad_is_refused_and_only_it_is_fetched_again()
    {
        byte[] weights = Bytes(1, 6000);
        MemorySource source = Of(1, weights, 1000, 5000);
        var fetcher = new PolicyFetcher(_cache);
        FetchedPolicy fetched = await FetchAsync(fetcher, source);
        string sha256 = Hash(weights);
        Assert.False(await fetcher.RefuseAsync(sha256, Cancellation));
        Spoil(Path.Combine(fetched.Folder, "model.safetensors"), 3000);
        Assert.True(await fetcher.RefuseAsync(sha256, Cancellation));
        Assert.False(Directory.Exists(fetched.Folder));
        Assert.Empty(Directory.GetDirectories(_cache));
        Assert.Equal(weights, Weights(await FetchAsync(fetcher, source)));

        // A new process finds the damage by itself.
        Spoil(Path.Combine(fetched.Folder, "model.safetensors"), 10);
        fetched = await FetchAsync(new PolicyFetcher(_cache), source);
        Assert.Equal((6000, Small), (fetched.BytesFetched, fetched.BytesReused));
        Assert.Equal(weights, Weights(fetched));
    }

    [Fact]
    public async Task The_model_under_adapters_is_fetched_once_and_kept_once()
    {
        byte[] model = Bytes(1, 6000);
        var fetcher = new PolicyFetcher(_cache);
        MemorySource first = WithAdapters(1, model, Bytes(2, 300));
        MemorySource second = WithAdapters(2, model, Bytes(3, 300));
        FetchedPolicy fetched = await FetchAsync(fetcher, first);
        FetchedPolicy next = await FetchAsync(fetcher, second);
        Assert.Equal(Hash(Bytes(3, 300)), Path.GetFileName(next.Folder));
        Assert.Equal([("adapter_model.safetensors", 0, 300)], second.Requests);
        Assert.Equal(model, Weights(next));

        // It is the same file: it outlives the version it came with, and is distrusted with it.
        Spoil(Path.Combine(fetched.Folder, "model.safetensors"), 3000);
        Assert.NotEqual(model, Weights(next));
        Assert.True(await fetcher.RefuseAsync(second.Manifest.Policy.Sha256, Cancellation));
        Assert.Equal(model, Weights(await FetchAsync(fetcher, second)));
    }

    [Fact]
    public async Task A_part_that_went_bad_in_another_version_is_fetched_instead()
    {
        byte[] first = Bytes(1, 6000);
        byte[] second = [.. first];
        second[5999]++;
        var fetcher = new PolicyFetcher(_cache);
        FetchedPolicy fetched = await FetchAsync(fetcher, Of(1, first, 1000, 2000, 3000));
        Spoil(Path.Combine(fetched.Folder, "model.safetensors"), 1500);
        MemorySource source = Of(2, second, 1000, 2000, 3000);
        Assert.Equal(second, Weights(await FetchAsync(fetcher, source)));
        Assert.Equal([("model.safetensors", 1000, 5000)], source.Requests);
    }

    [Fact]
    public async Task Callers_of_a_version_share_one_fetch_and_the_last_to_leave_ends_it()
    {
        MemorySource source = Of(1, Bytes(1, 6000), 1000, 5000);
        var asked = new TaskCompletionSource();
        var open = new TaskCompletionSource();
        source.Gate = async cancellation =>
        {
            asked.TrySetResult();
            await open.Task.WaitAsync(cancellation);
        };
        var fetcher = new PolicyFetcher(_cache);
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Task<FetchedPolicy> one = fetcher.FetchAsync(source.Manifest.Weights.Sha256, source, first.Token);
        Task<FetchedPolicy> two = fetcher.FetchAsync(source.Manifest.Weights.Sha256, source, second.Token);
        await asked.Task.WaitAsync(Cancellation);
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        Task<FetchedPolicy> three = FetchAsync(fetcher, source);
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => two);
        open.SetResult();
        FetchedPolicy fetched = await three;
        Assert.Equal((6005, 1), (fetched.BytesFetched, source.ManifestsAsked));

        // Left by all: the gate is given up, and who comes next begins anew.
        byte[] other = Bytes(2, 3000);
        source = Of(2, other, 3000);
        var reached = new TaskCompletionSource();
        source.Gate = cancellation =>
        {
            reached.TrySetResult();
            return Task.Delay(Timeout.Infinite, cancellation);
        };
        using var third = new CancellationTokenSource();
        Task<FetchedPolicy> left = fetcher.FetchAsync(source.Manifest.Weights.Sha256, source, third.Token);
        await reached.Task.WaitAsync(Cancellation);
        await third.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        source.Gate = _ => Task.CompletedTask;
        Assert.Equal(other, Weights(await FetchAsync(fetcher, source)));
    }

    [Fact]
    public async Task Collecting_spares_what_is_kept_and_the_two_newest_others()
    {
        var fetcher = new PolicyFetcher(_cache);
        var names = new List<string>();
        for (int version = 0; version < 6; version++)
        {
            FetchedPolicy fetched = await FetchAsync(fetcher, Of(version, Bytes(version, 100), 100));
            File.SetLastWriteTimeUtc(Path.Combine(fetched.Folder, "manifest.json"), new DateTime(2020, 1, 1 + version, 0, 0, 0, DateTimeKind.Utc));
            names.Add(Path.GetFileName(fetched.Folder));
        }

        Directory.CreateDirectory(Path.Combine(_cache, "someone-elses"));
        fetcher.Collect([names[0], names[2]]);
        Assert.Equal(
            new[] { names[0], names[2], names[4], names[5], "someone-elses" }.Order(StringComparer.Ordinal),
            Directory.GetDirectories(_cache).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        MemorySource again = Of(1, Bytes(1, 100), 100);
        Assert.Equal(Bytes(1, 100), Weights(await FetchAsync(fetcher, again)));
        Assert.Equal(100, again.Asked);
    }

    private static void Spoil(string path, long offset)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = offset;
        int value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 1));
    }
}
