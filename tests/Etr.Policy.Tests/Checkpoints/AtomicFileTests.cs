using Etr.Policy.Checkpoints;

namespace Etr.Policy.Tests.Checkpoints;

public sealed class AtomicFileTests
{
    [Fact]
    public void A_file_is_written_whole_or_not_at_all()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("etr-atomic-");
        try
        {
            string path = Path.Combine(folder.FullName, "new", "file");
            AtomicFile.Write(path, stream => stream.Write("first"u8));
            Assert.Equal("first", File.ReadAllText(path));
            Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
            {
                stream.Write("sec"u8);
                throw new InvalidOperationException();
            }));
            Assert.Equal("first", File.ReadAllText(path));
            Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
