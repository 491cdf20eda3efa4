using System.Security.Cryptography;
using Etr.Core.Files;
using Etr.Core.Prompts;
using Etr.Core.Tasks;

namespace Etr.Silo.Files;

/// <summary>Data files of runs: copied into the run's directory under their hash, so that a run is asked about what it was started with.</summary>
internal static class DataFiles
{
    private const int Buffer = 1 << 20;

    /// <summary>Puts a file into a directory as <c>{sha256}{extension}</c>; answers the path.</summary>
    /// <exception cref="IOException">It cannot be read, or the directory not written.</exception>
    public static async Task<string> TakeAsync(string path, string directory, CancellationToken cancellationToken)
    {
        (string taken, _) = await Task.Run(
            () => DurableFile.WriteNamed(directory, Path.GetExtension(path), into =>
            {
                using FileStream from = File.OpenRead(path);
                from.CopyTo(into, Buffer);
            }),
            cancellationToken);
        return taken;
    }

    /// <summary>Puts prompts into a directory as <c>{sha256}.jsonl</c>, a line each, read without a check from then on; answers the path.</summary>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    /// <exception cref="PromptFileException">A file the prompts are read from has changed.</exception>
    public static async Task<string> TakeAsync(IPromptSet prompts, string directory, CancellationToken cancellationToken)
    {
        (string taken, _) = await Task.Run(
            () => DurableFile.WriteNamed(directory, ".jsonl", into => PreparedPrompts.Write(prompts, into, cancellationToken)), cancellationToken);
        return taken;
    }

    /// <summary>Keeps what comes, which must hash to the file's name.</summary>
    /// <exception cref="InvalidDataException">It does not; nothing is kept.</exception>
    public static async Task KeepAsync(Stream content, string path, CancellationToken cancellationToken)
    {
        string aside = Path.Combine(Path.GetDirectoryName(path)!, $".{Guid.NewGuid():N}.tmp");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            string found;
            await using (var file = new FileStream(aside, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                await content.CopyToAsync(file, Buffer, cancellationToken);
                file.Position = 0;
                found = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
                file.Flush(flushToDisk: true);
            }

            if (found != Path.GetFileNameWithoutExtension(path))
                throw new InvalidDataException($"The data file {Path.GetFileName(path)} came as {found}.");
            File.Move(aside, path, overwrite: true);
        }
        finally
        {
            File.Delete(aside);
        }
    }
}
