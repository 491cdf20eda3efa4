using System.Runtime.InteropServices;
using System.Text;

namespace Etr.Core.Files;

/// <summary>fsync of a directory, which the base library does not offer: it opens files only.</summary>
internal static class DirectorySync
{
    private const int ReadOnly = 0;

    /// <summary>Makes renames inside the directory durable; does nothing where the system refuses.</summary>
    public static void Flush(string directory)
    {
        int descriptor = Open(Encoding.UTF8.GetBytes(directory + '\0'), ReadOnly);
        if (descriptor < 0)
            return;
        _ = FSync(descriptor);
        _ = Close(descriptor);
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FSync(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
