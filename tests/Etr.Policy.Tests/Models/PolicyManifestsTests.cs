using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Etr.Core.Policies;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

public sealed class PolicyManifestsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("etr-policies-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Policies => Path.Combine(_root, "policy");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_manifest_of_the_shipped_model_tiles_its_weights_tensor_by_tensor()
    {
        string folder = Shipped();
        PolicyManifest manifest = PolicyManifests.Of(folder, 0, Cancellation);
        Assert.Equal(["config.json", "tokenizer.json", "model.safetensors"], manifest.Files.Select(file => file.Name));
        foreach (ManifestFile file in manifest.Files)
        {
            byte[] content = File.ReadAllBytes(Path.Combine(folder, file.Name));
            Assert.Equal((content.Length, Hash(content)), (file.Bytes, file.Sha256));
            Assert.Equal(content, file.Parts.SelectMany(part => content[(int)part.Offset..(int)(part.Offset + part.Bytes)]));
            Assert.All(file.Parts, part => Assert.Equal(Hash(content.AsSpan((int)part.Offset, (int)part.Bytes)), part.Sha256));
        }

        // The header, read here without the product's code, says where each tensor lies.
        byte[] weights = File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
        int start = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(weights);
        using JsonDocument header = JsonDocument.Parse(weights.AsMemory(8, start - 8));
        var expected = header.RootElement.EnumerateObject().Where(tensor => tensor.Name != "__metadata__")
            .Select(tensor => (tensor.Name, Offset: start + tensor.Value.GetProperty("data_offsets")[0].GetInt64(), End: start + tensor.Value.GetProperty("data_offsets")[1].GetInt64()))
            .OrderBy(tensor => tensor.Offset);
        Assert.Equal(
            [("", 0, start), .. expected],
            manifest.Weights.Parts.Select(part => (part.Name, part.Offset, part.Offset + part.Bytes)));
    }

    [Fact]
    public void A_tensor_without_elements_is_no_part()
    {
        string path = Path.Combine(_root, "a.safetensors");
        using torch.Tensor none = torch.empty(0, 4);
        using torch.Tensor one = torch.ones(2);
        SafetensorsWriter.Write(path, [("none", none), ("one", one)]);
        Assert.Equal(["", "one"], SafetensorsParts.Of(path, Cancellation).Select(part => part.Name));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);
        Assert.Equal(path, Assert.Throws<CheckpointException>(() => SafetensorsParts.Of(path, Cancellation)).File);
    }

    [Fact]
    public async Task A_published_version_is_a_model_that_loads_and_publishing_again_changes_nothing()
    {
        FileRef start = new(Path.Combine(Shipped(), "model.safetensors"), Hash(File.ReadAllBytes(Path.Combine(Shipped(), "model.safetensors"))));
        FileRef trained = Trained(1.5f);
        foreach ((long version, FileRef weights) in new[] { (0L, start), (1L, trained) })
        {
            IReadOnlyList<ManifestPart> parts = SafetensorsParts.Of(weights.Path, Cancellation);
            PolicyManifest manifest = await PolicyFolder.PublishAsync(Policies, version, weights, parts, Shipped(), Cancellation);
            string folder = PolicyFolder.PathOf(Policies, version);
            Assert.Equal(weights.Sha256, manifest.Weights.Sha256);
            Assert.Equal(ModelFiles.Describe(Shipped()).Parameters, ModelFiles.Describe(folder).Parameters);
            Assert.Equal(PolicyManifestJson.Write(PolicyManifests.Of(folder, version, Cancellation)), PolicyManifestJson.Write(manifest));

            DateTime[] before = Stamps(folder);
            await PolicyFolder.PublishAsync(Policies, version, weights, parts, Shipped(), Cancellation);
            Assert.Equal(before, Stamps(folder));
        }

        Assert.Equal($"../{Path.GetFileName(trained.Path)}", new FileInfo(Path.Combine(Policies, "1", "model.safetensors")).LinkTarget);
        Assert.Equal(start.Path, new FileInfo(Path.Combine(Policies, "0", "model.safetensors")).LinkTarget);
    }

    [Fact]
    public async Task A_step_that_changes_one_tensor_sends_one_tensor()
    {
        string start = Path.Combine(Shipped(), "model.safetensors");
        IReadOnlyList<ManifestPart> parts = SafetensorsParts.Of(start, Cancellation);
        FileRef first = new(start, Hash(File.ReadAllBytes(start)));
        FileRef second = Trained(2f);
        await PolicyFolder.PublishAsync(Policies, 0, first, parts, Shipped(), Cancellation);
        await PolicyFolder.PublishAsync(Policies, 1, second, SafetensorsParts.Of(second.Path, Cancellation), Shipped(), Cancellation);
        var fetcher = new PolicyFetcher(Path.Combine(_root, "cache"));
        FetchedPolicy old = await fetcher.FetchAsync(first.Sha256, new FolderPolicySource(PolicyFolder.PathOf(Policies, 0)), Cancellation);
        FetchedPolicy now = await fetcher.FetchAsync(second.Sha256, new FolderPolicySource(PolicyFolder.PathOf(Policies, 1)), Cancellation);
        Assert.Equal(old.Manifest.Bytes, old.BytesFetched);
        Assert.Equal(parts.Single(part => part.Name == "model.norm.weight").Bytes, now.BytesFetched);
        Assert.Equal(File.ReadAllBytes(second.Path), File.ReadAllBytes(ModelFiles.Describe(now.Folder).File));
    }

    /// <summary>The shipped weights with one tensor scaled, laid out as the shipped file is, under their hash in the policy directory.</summary>
    private FileRef Trained(float scale)
    {
        Directory.CreateDirectory(Policies);
        string start = Path.Combine(Shipped(), "model.safetensors");
        byte[] content = File.ReadAllBytes(start);
        ManifestPart norm = SafetensorsParts.Of(start, Cancellation).Single(part => part.Name == "model.norm.weight");
        for (int i = (int)norm.Offset; i < norm.Offset + norm.Bytes; i += 4)
            BinaryPrimitives.WriteSingleLittleEndian(content.AsSpan(i), scale * BinaryPrimitives.ReadSingleLittleEndian(content.AsSpan(i)));
        string path = Path.Combine(Policies, Hash(content) + ".safetensors");
        File.WriteAllBytes(path, content);
        return new FileRef(path, Hash(content));
    }

    private static DateTime[] Stamps(string folder) => [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.GetLastWriteTimeUtc)];

    private static string Hash(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string Shipped()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string model = Path.Combine(folder.FullName, "models", "arithmetic");
            if (Directory.Exists(model))
                return model;
        }

        throw new DirectoryNotFoundException("models/arithmetic is part of the project");
    }
}
