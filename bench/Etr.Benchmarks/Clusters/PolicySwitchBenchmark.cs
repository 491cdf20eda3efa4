using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Etr.Core.Policies;
using Etr.Grains.Files;
using Etr.Grains.Silos;
using Etr.Silo.Chaos;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Etr.Benchmarks.Clusters;

/// <summary>
/// How long a silo takes to have a new policy version that another process hands out, and what a small call between the two
/// takes meanwhile. The floor is measured in the same run: the bytes by plain HTTP, hashed once, written and fsynced.
/// </summary>
internal static class PolicySwitchBenchmark
{
    private const string Run = "adapter";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int times = arguments.Number("--times", 7);
        string directory = Directory.CreateTempSubdirectory("etr-bench-").FullName;
        try
        {
            await using var source = ChildSilo.Start("store,learner", ["--set", $"Etr:Data={directory}/source", "--set", $"Etr:Cluster:ClusterId={BenchCluster.Name}"], transcripts: null);
            string ready = await source.ReadyAsync(CancellationToken.None);
            await using var cluster = new BenchCluster(ready.Split(' ').Single(word => word.StartsWith("join=", StringComparison.Ordinal))[5..]);
            EtrHost host = await cluster.AddAsync("sampler", new TimedEngine(1, 1, TimeSpan.Zero), $"{directory}/target", files: "http");
            SiloDirectory.Member other = await OtherAsync(host);
            var adapter = new AdapterFile(arguments.Number("--megabytes", 100) * 1_000_000L);
            var place = new RunPlace(Run, Path.Combine(directory, "source", "runs", Run));
            Console.WriteLine($"{adapter.Bytes / 1e6:F0} MB in {adapter.Tensors} tensors, fetched {times} times from another process");

            var pings = new Pings(host.Grains.GetGrain<ISiloGrain>(ISiloGrain.KeyOf(other.Name)));
            await pings.DuringAsync(() => Task.Delay(2000));
            double[] alone = await pings.DuringAsync(() => Task.Delay(8000));
            Console.WriteLine($"ping alone: {Pings.Text(alone)}");
            long version = 0;
            foreach (double share in (double[])[1, 0.1])
            {
                List<double> seconds = [], beside = [];
                for (int i = 0; i < times + 1; i++)
                {
                    adapter.Change(share);
                    ManifestFile weights = await adapter.PublishAsync(place.Policies, ++version, StartingPolicy.Locate("models/arithmetic"));
                    (double took, double[] besides) = await FetchAsync(host, pings, place, version, weights.Sha256);
                    if (i == 0)
                        continue;
                    seconds.Add(took);
                    beside.AddRange(besides);
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{share:P0} of the tensors changed: median {Figures.Median(seconds):F2} s, longest {seconds.Max():F2} s; ping beside: {Pings.Text(beside)}"));
            }

            await FloorAsync(other, version, adapter.Bytes, directory);
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<SiloDirectory.Member> OtherAsync(EtrHost host)
    {
        var silos = host.Services.GetRequiredService<SiloDirectory>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (silos.Active.FirstOrDefault(silo => silo.Name != host.Plan.Name && silo.Card is not null) is { } other)
                return other;
            await Task.Delay(50, deadline.Token);
        }
    }

    private static async Task<(double Seconds, double[] Pings)> FetchAsync(EtrHost host, Pings pings, RunPlace place, long version, string sha256)
    {
        double seconds = 0;
        double[] beside = await pings.DuringAsync(async () =>
        {
            long start = Stopwatch.GetTimestamp();
            await host.Services.GetRequiredService<IRunFiles>().OpenPolicyAsync(place, version, sha256, CancellationToken.None);
            seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
        return (seconds, beside);
    }

    private static async Task FloorAsync(SiloDirectory.Member other, long version, long bytes, string directory)
    {
        using var http = new HttpClient { BaseAddress = new Uri(other.Card!.Url) };
        var path = new Uri(string.Create(CultureInfo.InvariantCulture, $"/files/{Run}/policy/{version}/{PolicyManifest.WeightsFile}"), UriKind.Relative);
        byte[] content = [];
        List<double> get = [], hash = [], write = [];
        for (int i = 0; i < 5; i++)
        {
            get.Add(await SecondsAsync(async () => content = await http.GetByteArrayAsync(path)));
            hash.Add(await SecondsAsync(() => Task.FromResult(SHA256.HashData(content))));
            write.Add(await SecondsAsync(() => Task.Run(() =>
            {
                using var stream = new FileStream(Path.Combine(directory, "floor"), FileMode.Create);
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            })));
        }

        (double got, double hashed, double written) = (Figures.Median(get), Figures.Median(hash), Figures.Median(write));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"floor: {got:F2} s for {bytes / 1e6:F0} MB by HTTP, {hashed:F2} s hashed once, {written:F2} s written and fsynced: {got + hashed + written:F2} s one after the other"));
    }

    private static async Task<double> SecondsAsync(Func<Task> act)
    {
        long start = Stopwatch.GetTimestamp();
        await act();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Small calls to the other silo, one every 5 ms whether or not the last one has been answered.</summary>
    private sealed class Pings(ISiloGrain other)
    {
        public static string Text(IReadOnlyCollection<double> milliseconds) => string.Create(
            CultureInfo.InvariantCulture, $"p50 {Figures.Median(milliseconds):F1} ms, p99 {Figures.Quantile(milliseconds, 0.99):F1} ms, longest {milliseconds.Max():F1} ms of {milliseconds.Count}");

        public async Task<double[]> DuringAsync(Func<Task> act)
        {
            using var stop = new CancellationTokenSource();
            Task<double[]> pinging = Task.Run(() => PingAsync(stop.Token));
            await act();
            await stop.CancelAsync();
            return await pinging;
        }

        private async Task<double[]> PingAsync(CancellationToken stop)
        {
            List<Task<double>> sent = [];
            using var timer = new PeriodicTimer(Interval);
            while (!stop.IsCancellationRequested)
            {
                sent.Add(OneAsync());
                await timer.WaitForNextTickAsync(CancellationToken.None);
            }

            return await Task.WhenAll(sent);
        }

        private async Task<double> OneAsync()
        {
            long start = Stopwatch.GetTimestamp();
            await other.UnsubscribeFeedAsync(Guid.Empty);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }
}
