using System.Text;
using Etr.Core.Policies;

namespace Etr.Core.Tests.Policies;

public sealed class PolicyManifestTests
{
    private static readonly string A = new('a', 64);
    private static readonly string B = new('b', 64);

    [Fact]
    public void A_manifest_is_stored_under_names_in_camel_case_and_read_back()
    {
        var manifest = new PolicyManifest(7, [new ManifestFile("model.safetensors", 5, A, [new("", 0, 2, B), new("norm", 2, 3, A)])]);
        byte[] json = PolicyManifestJson.Write(manifest);
        Assert.Equal(
            $$"""{"version":7,"files":[{"name":"model.safetensors","bytes":5,"sha256":"{{A}}","parts":[{"name":"","offset":0,"bytes":2,"sha256":"{{B}}"},{"name":"norm","offset":2,"bytes":3,"sha256":"{{A}}"}]}]}""",
            Encoding.UTF8.GetString(json));
        Assert.Equal(json, PolicyManifestJson.Write(PolicyManifestJson.Read(json)));
    }

    [Theory]
    [InlineData("..", "plain file name")]
    [InlineData("../model.safetensors", "plain file name")]
    [InlineData("/etc/passwd", "plain file name")]
    [InlineData("a\\b", "plain file name")]
    [InlineData("a\0b", "plain file name")]
    [InlineData(".hidden", "plain file name")]
    [InlineData("manifest.json", "plain file name")]
    [InlineData("Manifest.JSON", "plain file name")]
    [InlineData("model.safetensors.part", "plain file name")]
    [InlineData("", "plain file name")]
    [InlineData("model.safetensors", "second")]
    [InlineData("MODEL.safetensors", "second")]
    public void A_file_name_that_is_more_than_a_name_is_refused(string name, string complaint) =>
        Refused(new PolicyManifest(1, [Whole("model.safetensors", 4), Whole(name, 4)]), complaint);

    [Fact]
    public void Parts_must_tile_their_file()
    {
        Refused(Weights(10, new("x", 0, 5, A), new("y", 4, 6, B)), "offset 5");
        Refused(Weights(10, new("x", 0, 5, A), new("y", 6, 4, B)), "offset 5");
        Refused(Weights(10, new ManifestPart("x", 1, 9, A)), "offset 0");
        Refused(Weights(10, new("x", 5, 5, A), new("y", 0, 5, B)), "offset 0");
        Refused(Weights(10, new("x", 0, 5, A), new("y", 5, 4, B)), "up to byte 9");
        Refused(Weights(10, new("x", 0, 5, A), new("y", 5, 6, B)), "1 to 5 bytes");
        Refused(Weights(10, new("x", 0, 0, A), new("y", 0, 10, B)), "1 to 10 bytes");
        Refused(Weights(10, new("x", 0, 5, A), new("y", 5, long.MaxValue, B)), "1 to 5 bytes");
        Refused(Weights(10, new("x", 0, 15, A), new("y", 15, -5, B)), "1 to 10 bytes");
        Refused(Weights(10), "up to byte 10");
        Refused(Weights(10, new ManifestPart("x", 0, 10, B)), "its own hash");
        Refused(Weights(10, new ManifestPart("x", 0, 5, A), null!), "part names");
    }

    [Fact]
    public void Sizes_counts_and_hashes_have_bounds()
    {
        Refused(Weights(PolicyManifest.MostBytes + 1, new ManifestPart("x", 0, 1, A), new("y", 1, PolicyManifest.MostBytes, B)), "bytes");
        Refused(Weights(0), "bytes");
        Refused(Weights(-1), "bytes");
        Refused(new PolicyManifest(-1, [Whole("model.safetensors", 4)]), "version");
        Refused(new PolicyManifest(1, []), "files");
        Refused(new PolicyManifest(1, null!), "files");
        Refused(new PolicyManifest(1, [null!]), "files");
        Refused(new PolicyManifest(1, [Whole("config.json", 4)]), "model.safetensors");
        Refused(new PolicyManifest(1, [.. Enumerable.Range(0, 17).Select(i => Whole($"f{i}", 4))]), "17");
        Refused(new PolicyManifest(1, [new ManifestFile("model.safetensors", 4, A.ToUpperInvariant(), [new("", 0, 4, A)])]), "SHA-256");
        Refused(Weights(4, new("x", 0, 2, A), new("y", 2, 2, A[..63])), "SHA-256");
        Refused(Weights(4, new("x", 0, 2, A), new("y", 2, 2, null!)), "SHA-256");
        Refused(Weights(4, new("x", 0, 2, A), new(new string('n', 1025), 2, 2, A)), "part names");
        Refused(Weights(4, new("x", 0, 2, A), new("a\u001b[2J", 2, 2, A)), "'a?[2J'");
        ManifestPart[] many = [.. Enumerable.Range(0, PolicyManifest.MostParts + 1).Select(i => new ManifestPart("", i, 1, A))];
        Refused(Weights(many.Length, many), "200001");
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"version":1,"version":1,"files":[]}""")]
    [InlineData("""{"version":"1","files":[]}""")]
    [InlineData("""{"version":1e99,"files":[]}""")]
    [InlineData("""{"version":1,"files":[{"name":"model.safetensors"}]}""")]
    [InlineData("""{"version":1,"files":[null]}""")]
    [InlineData("""{"version":1,"files":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}""")]
    public void Json_that_is_no_manifest_is_refused(string json) =>
        Assert.Throws<InvalidDataException>(() => PolicyManifestJson.Read(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public async Task A_manifest_beyond_its_bound_is_refused_unread()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.OpenWrite(path))
                file.SetLength(PolicyManifestJson.MaximumBytes + 1);
            long before = GC.GetAllocatedBytesForCurrentThread();
            await Assert.ThrowsAsync<InvalidDataException>(() => PolicyManifestJson.ReadFileAsync(path, TestContext.Current.CancellationToken));
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static PolicyManifest Weights(long bytes, params ManifestPart[] parts) =>
        new(1, [new ManifestFile("model.safetensors", bytes, A, parts)]);

    private static ManifestFile Whole(string name, long bytes) => new(name, bytes, A, [new ManifestPart("", 0, bytes, A)]);

    private static void Refused(PolicyManifest manifest, string complaint)
    {
        InvalidDataException e = Assert.Throws<InvalidDataException>(manifest.Validate);
        Assert.Contains("expected", e.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, e.Message, StringComparison.Ordinal);
    }
}
