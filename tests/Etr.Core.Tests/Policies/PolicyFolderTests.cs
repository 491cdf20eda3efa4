using Etr.Core.Policies;
using Etr.Core.Training;

namespace Etr.Core.Tests.Policies;

public sealed class PolicyFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("etr-publish-").FullName;

    public PolicyFolderTests()
    {
        Directory.CreateDirectory(Model);
        Directory.CreateDirectory(Policies);
        File.WriteAllText(Path.Combine(Model, "config.json"), "{}");
        File.WriteAllText(Path.Combine(Model, "tokenizer.json"), "[]");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Model => Path.Combine(_root, "model");

    private string Policies => Path.Combine(_root, "policy");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_listed_file_is_found_where_it_lies_and_nothing_else_is()
    {
        string start = await PublishAsync(0, Path.Combine(Model, "model.safetensors"), [1, 2, 3]);
        string weights = await PublishAsync(1, null, [4, 5, 6, 7]);
        Assert.Equal(start, await ResolveAsync(0, "model.safetensors"));
        Assert.Equal(weights, await ResolveAsync(1, "model.safetensors"));
        Assert.Equal(Path.Combine(Policies, "1", "config.json"), await ResolveAsync(1, "config.json"));
        Assert.Equal(Path.Combine(Policies, "1", "manifest.json"), await ResolveAsync(1, "manifest.json"));
        await File.WriteAllTextAsync(Path.Combine(Policies, "1", "secret.json"), "{}", Cancellation);
        foreach (string name in new[] { "secret.json", "../1/config.json", "./config.json", "/etc/passwd", "..", "", "CONFIG.json", "config.json\0" })
            Assert.Null(await ResolveAsync(1, name));
        Assert.Null(await ResolveAsync(2, "config.json"));
        File.Delete(weights);
        Assert.Null(await ResolveAsync(1, "model.safetensors"));
    }

    [Fact]
    public async Task What_a_model_says_of_conversations_goes_with_every_version()
    {
        await File.WriteAllTextAsync(Path.Combine(Model, "tokenizer_config.json"), "{\"add_bos_token\":false}", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(Model, "chat_template.jinja"), "{{ messages }}", Cancellation);
        await PublishAsync(1, null, [4, 5, 6, 7]);

        Assert.Equal("{\"add_bos_token\":false}", await File.ReadAllTextAsync((await ResolveAsync(1, "tokenizer_config.json"))!, Cancellation));
        Assert.Equal("{{ messages }}", await File.ReadAllTextAsync((await ResolveAsync(1, "chat_template.jinja"))!, Cancellation));
    }

    [Fact]
    public async Task A_folder_without_manifest_is_not_published_and_is_finished_by_publishing_again()
    {
        string weights = await PublishAsync(1, null, [4, 5, 6, 7]);
        File.Delete(Path.Combine(Policies, "1", "manifest.json"));
        Assert.Null(await PolicyFolder.ReadAsync(Policies, 1, Cancellation));
        Assert.Null(await ResolveAsync(1, "config.json"));
        await PublishAsync(1, null, [4, 5, 6, 7]);
        Assert.Equal(weights, await ResolveAsync(1, "model.safetensors"));
    }

    [Fact]
    public async Task A_version_made_again_with_other_weights_replaces_the_one_that_was_never_committed()
    {
        await PublishAsync(1, null, [4, 5, 6, 7]);
        string other = await PublishAsync(1, null, [8, 9]);
        Assert.Equal(other, await ResolveAsync(1, "model.safetensors"));
        Assert.Equal(2, (await PolicyFolder.ReadAsync(Policies, 1, Cancellation))!.Weights.Bytes);
        Assert.Equal(
            ["config.json", "manifest.json", "model.safetensors", "tokenizer.json"],
            Directory.GetFiles(Path.Combine(Policies, "1")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_model_behind_links_is_published_as_what_the_links_lead_to()
    {
        // As in a download cache: short links to files that are longer than their names.
        string linked = Path.Combine(_root, "linked");
        Directory.CreateDirectory(linked);
        byte[] config = new byte[5000];
        await File.WriteAllBytesAsync(Path.Combine(Model, "config.json"), config, Cancellation);
        await PublishAsync(5, Path.Combine(Model, "model.safetensors"), new byte[3000]);
        foreach (string name in new[] { "config.json", "tokenizer.json", "model.safetensors" })
            File.CreateSymbolicLink(Path.Combine(linked, name), Path.Combine("..", "model", name));
        string sha256 = MemorySource.Hash(new byte[3000]);
        PolicyManifest manifest = await PolicyFolder.PublishAsync(
            Policies, 0, new FileRef(Path.Combine(linked, "model.safetensors"), sha256), [new ManifestPart("", 0, 3000, sha256)], linked, Cancellation);
        Assert.Equal([5000, 2, 3000], manifest.Files.Select(file => file.Bytes));
        Assert.Equal(Path.Combine(Model, "model.safetensors"), await ResolveAsync(0, "model.safetensors"));
    }

    [Fact]
    public async Task Parts_that_are_not_those_of_the_weights_are_refused()
    {
        string path = Path.Combine(Policies, new string('a', 64) + ".safetensors");
        await File.WriteAllBytesAsync(path, [1, 2, 3], Cancellation);
        var weights = new FileRef(path, new string('a', 64));
        await Assert.ThrowsAsync<InvalidDataException>(() => PolicyFolder.PublishAsync(
            Policies, 1, weights, [new ManifestPart("", 0, 2, weights.Sha256)], Model, Cancellation));
        Assert.False(Directory.Exists(Path.Combine(Policies, "1")));
    }

    [Fact]
    public async Task Collecting_removes_old_versions_and_only_weights_that_no_kept_one_uses()
    {
        string start = await PublishAsync(0, Path.Combine(Model, "model.safetensors"), [1, 2, 3]);
        string gone = await PublishAsync(1, null, [1]);
        string shared = await PublishAsync(2, null, [2]);
        await PublishAsync(3, null, [2]);
        string last = await PublishAsync(4, null, [4]);
        string unpublished = Path.Combine(Policies, new string('f', 64) + ".safetensors");
        await File.WriteAllBytesAsync(unpublished, [9], Cancellation);
        Directory.CreateDirectory(Path.Combine(Policies, "notes"));

        PolicyFolder.Collect(Policies, [3, 4, 5]);

        Assert.Equal(["3", "4", "notes"], Directory.GetDirectories(Policies).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(
            new[] { shared, last, unpublished }.Order(StringComparer.Ordinal),
            Directory.GetFiles(Policies).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(start));
        Assert.False(File.Exists(gone));
        Assert.Equal(shared, await ResolveAsync(3, "model.safetensors"));
        PolicyFolder.Collect(Policies, [3, 4, 5]);
        PolicyFolder.Collect(Path.Combine(_root, "none"), []);
    }

    [Fact]
    public async Task Collecting_with_what_an_older_process_knows_spares_what_its_successor_has_published_since()
    {
        await PublishAsync(1, null, [1]);
        string kept = await PublishAsync(2, null, [2]);
        string newer = await PublishAsync(3, null, [3]);
        await PublishAsync(4, null, [1]);

        PolicyFolder.Collect(Policies, [0, 2]);

        Assert.Equal(["2", "3", "4"], Directory.GetDirectories(Policies).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(3, Directory.GetFiles(Policies).Length);
        Assert.True(File.Exists(kept) && File.Exists(newer));
    }

    [Fact]
    public async Task A_version_of_adapters_is_them_with_the_starting_model_beside_and_goes_without_it()
    {
        string start = await PublishAsync(0, Path.Combine(Model, "model.safetensors"), [1, 2, 3]);
        string first = await PublishAdaptersAsync(1, [4, 5]);
        string second = await PublishAdaptersAsync(2, [6, 7, 8]);
        PolicyManifest manifest = (await PolicyFolder.ReadAsync(Policies, 2, Cancellation))!;
        Assert.Equal(MemorySource.Hash([6, 7, 8]), manifest.Policy.Sha256);
        Assert.Equal(MemorySource.Hash([1, 2, 3]), manifest.Weights.Sha256);
        Assert.Equal(start, await ResolveAsync(2, "model.safetensors"));
        Assert.Equal(second, await ResolveAsync(2, "adapter_model.safetensors"));
        Assert.Contains("LORA", await File.ReadAllTextAsync((await ResolveAsync(2, "adapter_config.json"))!, Cancellation), StringComparison.Ordinal);
        Assert.Equal(Path.Combine(Policies, "2", "adapter_model.safetensors"), PolicyFolder.PolicyFileIn(Path.Combine(Policies, "2")));
        Assert.Equal(Path.Combine(Policies, "0", "model.safetensors"), PolicyFolder.PolicyFileIn(Path.Combine(Policies, "0")));

        PolicyFolder.Collect(Policies, [0, 2]);
        Assert.False(File.Exists(first));
        Assert.True(File.Exists(second) && File.Exists(start));
    }

    private async Task<string> PublishAdaptersAsync(long version, byte[] content)
    {
        string sha256 = MemorySource.Hash(content);
        string path = Path.Combine(Policies, sha256 + ".safetensors");
        await File.WriteAllBytesAsync(path, content, Cancellation);
        byte[] config = AdapterConfigFile.Write(new LoraOptions { Rank = 4 }, "base");
        await PolicyFolder.PublishAdaptersAsync(Policies, version, new FileRef(path, sha256), [new ManifestPart("", 0, content.Length, sha256)], config, Model, Cancellation);
        return path;
    }

    private async Task<string> PublishAsync(long version, string? path, byte[] content)
    {
        string sha256 = MemorySource.Hash(content);
        path ??= Path.Combine(Policies, sha256 + ".safetensors");
        await File.WriteAllBytesAsync(path, content, Cancellation);
        await PolicyFolder.PublishAsync(Policies, version, new FileRef(path, sha256), [new ManifestPart("", 0, content.Length, sha256)], Model, Cancellation);
        return path;
    }

    private Task<string?> ResolveAsync(long version, string name) => PolicyFolder.ResolveAsync(Policies, version, name, Cancellation);
}
