using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Prompts;

/// <summary>Prompts as JSON lines in an open file, which may have no name of its own any more.</summary>
/// <param name="Path">What messages call it: the file that a person named.</param>
/// <param name="Handle">The lines; read at random and from several threads. Closed with the last reference to it.</param>
public sealed record PromptSource(string Path, SafeFileHandle Handle)
{
    private const ushort Gzip = 0x8B1F;

    /// <summary>The file's name without directory and extension, by which rows without an id are called.</summary>
    public string Stem => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Opens a file of JSON lines.</summary>
    /// <exception cref="PromptFileException">It cannot be opened, or is packed.</exception>
    public static PromptSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
            Span<byte> mark = stackalloc byte[2];
            if (RandomAccess.Read(handle, mark, 0) == 2 && BitConverter.ToUInt16(mark) == Gzip)
            {
                handle.Dispose();
                throw new PromptFileException($"{path}: it is packed by gzip: unpack it first (gunzip)");
            }

            return new PromptSource(path, handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PromptFileException($"{path}: {e.Message}");
        }
    }
}

/// <summary>Opens what a setting names as prompts.</summary>
public interface IPromptSources
{
    /// <summary>Opens a file, or the files of a directory in the order of their names.</summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="members">Members beside those of the known layouts that are looked at, by their first names.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="PromptFileException">It cannot be read, or is of a kind that this does not know.</exception>
    IReadOnlyList<PromptSource> Open(string path, IReadOnlyCollection<string> members, CancellationToken cancellationToken);
}

/// <summary>Single files of JSON lines.</summary>
internal sealed class JsonLinesSources : IPromptSources
{
    public IReadOnlyList<PromptSource> Open(string path, IReadOnlyCollection<string> members, CancellationToken cancellationToken) => [PromptSource.Open(path)];
}
