using Etr.Core.Files;

namespace Etr.Core.Tests.Files;

public sealed class DurableWriterTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("etr-files-").FullName;
    private readonly DurableWriter _writer = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_of_many_callers_are_written_whole_and_leave_nothing_aside()
    {
        string[] paths = [.. Enumerable.Range(0, 200).Select(number => Path.Combine(_directory, $"{number % 3}", $"{number}.bin"))];
        await Task.WhenAll(paths.Select((path, number) => _writer.WriteAsync(path, BitConverter.GetBytes(number), Stop)));
        Assert.Equal(paths.Order(StringComparer.Ordinal), Directory.GetFiles(_directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        foreach ((string path, int number) in paths.Select((path, number) => (path, number)))
            Assert.Equal(BitConverter.GetBytes(number), await File.ReadAllBytesAsync(path, Stop));
    }

    [Fact]
    public async Task A_file_replaces_what_was_there()
    {
        string path = Path.Combine(_directory, "a.bin");
        await _writer.WriteAsync(path, new byte[] { 1, 2 }, Stop);
        await _writer.WriteAsync(path, new byte[] { 3 }, Stop);
        Assert.Equal([3], await File.ReadAllBytesAsync(path, Stop));
    }

    [Fact]
    public async Task One_that_cannot_be_written_fails_alone()
    {
        // A file where the directory would have to be.
        string blocked = Path.Combine(_directory, "blocked");
        await File.WriteAllBytesAsync(blocked, [1], Stop);
        Task wrong = _writer.WriteAsync(Path.Combine(blocked, "a.bin"), new byte[] { 1 }, Stop);
        Task[] right = [.. Enumerable.Range(0, 10).Select(number => _writer.WriteAsync(Path.Combine(_directory, $"{number}.bin"), new byte[] { 1 }, Stop))];
        await Task.WhenAll(right);
        await Assert.ThrowsAnyAsync<IOException>(() => wrong);
        Assert.Equal(11, Directory.GetFiles(_directory).Length);
    }

    [Fact]
    public async Task What_was_taken_is_written_before_the_writer_is_gone()
    {
        Task[] taken = [.. Enumerable.Range(0, 50).Select(number => _writer.WriteAsync(Path.Combine(_directory, $"{number}.bin"), new byte[] { 1 }, Stop))];
        _writer.Dispose();
        await Task.WhenAll(taken);
        Assert.Equal(50, Directory.GetFiles(_directory).Length);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _writer.WriteAsync(Path.Combine(_directory, "late.bin"), new byte[] { 1 }, Stop));
    }

    public void Dispose()
    {
        _writer.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
