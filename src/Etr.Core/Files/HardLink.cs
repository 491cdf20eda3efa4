using System.Runtime.InteropServices;
using System.Text;

namespace Etr.Core.Files;

/// <summary>A second name for a file, which the base library does not offer.</summary>
internal static class HardLink
{
    /// <summary>Gives a file a second name; false where the system or the file system refuses.</summary>
    public static bool TryCreate(string existing, string path) =>
        !OperatingSystem.IsWindows() && Link(Terminated(existing), Terminated(path)) == 0;

    private static byte[] Terminated(string path) => Encoding.UTF8.GetBytes(path + '\0');

    [DllImport("libc", EntryPoint = "link")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(byte[] existing, byte[] path);
}
