using System.Security.Cryptography;
using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>Silos that see none of each other's directories, as on machines of their own, bring each other what they need.</summary>
public sealed class FilesOverHttpTests
{
    private const int Steps = 2;

    [Fact]
    public async Task A_run_needs_no_shared_directory()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(StoreKind.Embedded, TestCluster.Secret, "Etr:Cluster:Files=http");
        string learner = await StartAsync(cluster);

        await cluster.CompletedAsync(await cluster.StartRunAsync(Steps), Steps, learner);

        // The two versions that were drawn with, each under the hash of its weights.
        Assert.All(Policies(cluster), folder => Assert.Equal(Path.GetFileName(folder), HashOf(folder)));
        Assert.Equal(Steps, Policies(cluster).Length);
    }

    [Fact]
    public async Task A_policy_file_that_spoiled_in_a_cache_is_refused_by_its_hash_and_fetched_again()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(StoreKind.Embedded, "", "Etr:Cluster:Files=http");
        string learner = await StartAsync(cluster);
        await cluster.CompletedAsync(await cluster.StartRunAsync(Steps), Steps, learner);
        string first = Policies(cluster).MinBy(folder => File.GetLastWriteTimeUtc(Path.Combine(folder, "manifest.json")))!;
        Spoil(Path.Combine(first, "model.safetensors"));
        Assert.NotEqual(Path.GetFileName(first), HashOf(first));

        // The next run starts from the very policy the first one started from.
        RunReport report = await cluster.CompletedAsync(await cluster.StartRunAsync(Steps), Steps, learner);

        Assert.Equal(0, report.Groups.Cancelled);
        Assert.Equal(Path.GetFileName(first), HashOf(first));
    }

    private static async Task<string> StartAsync(TestCluster cluster)
    {
        string learner = cluster.OwnData("learner");
        await Task.WhenAll(cluster.StartSiloAsync(cluster.Joining("learner", learner)), cluster.StartSiloAsync(cluster.Joining("sampler", cluster.OwnData("sampler"))));
        return learner;
    }

    private static string[] Policies(TestCluster cluster) => Directory.GetDirectories(Path.Combine(cluster.OwnData("sampler"), "silos", "1", "policies"));

    private static string HashOf(string folder) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "model.safetensors"))));

    private static void Spoil(string file)
    {
        using FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = stream.Length / 2;
        int value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 0x40));
    }
}
