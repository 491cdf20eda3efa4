using Etr.Core.Files;

namespace Etr.Core.Tests.Files;

public sealed class DurableFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("etr-files-").FullName;

    [Fact]
    public async Task A_file_is_written_whole_and_leaves_nothing_aside()
    {
        string path = Path.Combine(_directory, "new", "a.bin");
        await DurableFile.WriteAsync(path, new byte[] { 1, 2 }, TestContext.Current.CancellationToken);
        await DurableFile.WriteAsync(path, new byte[] { 3 }, TestContext.Current.CancellationToken);
        Assert.Equal([3], await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFiles(Path.Combine(_directory, "new")));
    }

    [Fact]
    public async Task A_file_is_read_only_if_it_is_what_its_name_promises()
    {
        string path = Path.Combine(_directory, "b.bin");
        byte[] content = [1, 2, 3];
        await DurableFile.WriteAsync(path, content, TestContext.Current.CancellationToken);
        string sha256 = DurableFile.Sha256(content);
        Assert.Equal("039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81", sha256);
        Assert.Equal(content, await DurableFile.ReadVerifiedAsync(path, sha256, 3, TestContext.Current.CancellationToken));

        await Assert.ThrowsAsync<InvalidDataException>(() => DurableFile.ReadVerifiedAsync(path, sha256, 2, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<InvalidDataException>(() => DurableFile.ReadVerifiedAsync(path, new string('0', 64), 3, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<FileNotFoundException>(() => DurableFile.ReadVerifiedAsync(path + "x", sha256, 3, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_write_that_is_given_up_leaves_the_old_file()
    {
        string path = Path.Combine(_directory, "c.bin");
        await DurableFile.WriteAsync(path, new byte[] { 1 }, TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DurableFile.WriteAsync(path, new byte[] { 2 }, new CancellationToken(canceled: true)));
        Assert.Equal([1], await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFiles(_directory));
    }

    [Fact]
    public void A_stream_that_fails_leaves_the_old_file_and_nothing_aside()
    {
        string path = Path.Combine(_directory, "new", "d.bin");
        DurableFile.Write(path, stream => stream.Write("first"u8));
        Assert.Equal("first", File.ReadAllText(path));
        Assert.Throws<InvalidOperationException>(() => DurableFile.Write(path, stream =>
        {
            stream.Write("sec"u8);
            throw new InvalidOperationException();
        }));
        Assert.Equal("first", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_file_can_be_named_by_what_was_written()
    {
        (string path, string sha256) = DurableFile.WriteNamed(_directory, ".bin", stream =>
        {
            stream.Write([1]);
            stream.Write([2, 3]);
        });
        Assert.Equal("039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81", sha256);
        Assert.Equal(Path.Combine(_directory, sha256 + ".bin"), path);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_directory));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
