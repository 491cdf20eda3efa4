using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Etr.Build;

/// <summary>
/// The symbol versions a 64-bit little-endian ELF library asks of other libraries (its <c>.gnu.version_r</c> section).
/// </summary>
/// <remarks>
/// libLibTorchSharp.so is built with gcc 13 and asks for GLIBCXX_3.4.32, which the libstdc++ of Debian 12 and RHEL 9
/// does not have. The only symbol behind the request is a marker that nothing relocates against, so the request can be
/// marked weak: the loader then passes over a version it cannot find, and the library runs as it is.
/// Layout: System V gABI, "Symbol Versioning" (LSB Core, chapter 10.7).
/// </remarks>
public static class SymbolVersions
{
    private const uint VersionNeedsSection = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    /// <summary>Marks every request for one of <paramref name="versions"/> weak, in <paramref name="elf"/> itself.</summary>
    /// <returns>How many requests were changed; 0 where all are weak already or none is there.</returns>
    /// <exception cref="InvalidDataException">The bytes are no 64-bit little-endian ELF file, or end too early.</exception>
    public static int Weaken(byte[] elf, ICollection<string> versions)
    {
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != 'E' || elf[2] != 'L' || elf[3] != 'F' || elf[4] != 2 || elf[5] != 1)
            throw new InvalidDataException("not a 64-bit little-endian ELF file");

        long sections = checked((long)BitConverter.ToUInt64(elf, 0x28));
        int size = BitConverter.ToUInt16(elf, 0x3a);
        int count = BitConverter.ToUInt16(elf, 0x3c);
        int changed = 0;
        for (int i = 0; i < count; i++)
        {
            int header = Within(elf, sections + (long)i * size, 64);
            if (BitConverter.ToUInt32(elf, header + 4) != VersionNeedsSection)
                continue;
            long needs = checked((long)BitConverter.ToUInt64(elf, header + 0x18));
            int strings = Within(elf, sections + BitConverter.ToUInt32(elf, header + 0x28) * (long)size, 64);
            changed += WeakenNeeds(elf, needs, checked((long)BitConverter.ToUInt64(elf, strings + 0x18)), versions);
        }
        return changed;
    }

    private static int WeakenNeeds(byte[] elf, long needs, long names, ICollection<string> versions)
    {
        int changed = 0;
        for (long need = needs; ;)
        {
            int at = Within(elf, need, 16);
            int entries = BitConverter.ToUInt16(elf, at + 2);
            long entry = need + BitConverter.ToUInt32(elf, at + 8);
            for (int i = 0; i < entries; i++)
            {
                int e = Within(elf, entry, 16);
                ushort flags = BitConverter.ToUInt16(elf, e + 4);
                if ((flags & WeakFlag) == 0 && versions.Contains(NameAt(elf, names + BitConverter.ToUInt32(elf, e + 8))))
                {
                    elf[e + 4] = (byte)(flags | WeakFlag);
                    changed++;
                }
                entry += BitConverter.ToUInt32(elf, e + 12);
            }
            uint next = BitConverter.ToUInt32(elf, at + 12);
            if (next == 0)
                return changed;
            need += next;
        }
    }

    private static string NameAt(byte[] elf, long offset)
    {
        int start = Within(elf, offset, 1);
        int end = Array.IndexOf(elf, (byte)0, start);
        if (end < 0)
            throw new InvalidDataException("a version name runs past the end of the file");
        return Encoding.ASCII.GetString(elf, start, end - start);
    }

    private static int Within(byte[] elf, long offset, int length)
    {
        if (offset < 0 || offset > elf.LongLength - length)
            throw new InvalidDataException("an ELF table runs past the end of the file");
        return (int)offset;
    }
}

#if !SYMBOL_VERSIONS_ALONE
/// <summary>The build step: lets a library in an output folder load beside an older libstdc++.</summary>
public sealed class WeakenSymbolVersions : Microsoft.Build.Utilities.Task
{
    private static readonly string[] Requested = { "GLIBCXX_3.4.31", "GLIBCXX_3.4.32" };

    private static readonly string[] LibraryFolders =
        { "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/local/lib64", "/usr/lib" };

    /// <summary>The library to change. It may be a hard link into the package cache: a new file takes its place.</summary>
    [Microsoft.Build.Framework.Required]
    public string Library { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        string system = FindSystemLibrary();
        if (system.Length == 0 || Contains(File.ReadAllBytes(system), Requested[Requested.Length - 1]))
            return true;

        byte[] elf = File.ReadAllBytes(Library);
        try
        {
            if (SymbolVersions.Weaken(elf, Requested) == 0)
                return true;
        }
        catch (InvalidDataException e)
        {
            Log.LogError("{0}: {1}", Library, e.Message);
            return false;
        }

        // Same size and time as the package's file, so that an incremental build does not copy it again.
        string aside = Library + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(aside, elf);
        File.SetLastWriteTimeUtc(aside, File.GetLastWriteTimeUtc(Library));
        File.Delete(Library);
        File.Move(aside, Library);
        Log.LogMessage(Microsoft.Build.Framework.MessageImportance.High,
            "{0}: asks for {1}, which {2} lacks and it does not use; the request is now weak in this copy.",
            Path.GetFileName(Library), Requested[Requested.Length - 1], system);
        return true;
    }

    private static string FindSystemLibrary()
    {
        string path = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "";
        foreach (string folder in path.Split(new[] { ':' }, StringSplitOptions.RemoveEmptyEntries))
            if (File.Exists(Path.Combine(folder, "libstdc++.so.6")))
                return Path.Combine(folder, "libstdc++.so.6");
        foreach (string folder in LibraryFolders)
            if (File.Exists(Path.Combine(folder, "libstdc++.so.6")))
                return Path.Combine(folder, "libstdc++.so.6");
        return "";
    }

    private static bool Contains(byte[] bytes, string text)
    {
        byte[] sought = Encoding.ASCII.GetBytes(text);
        for (int at = Array.IndexOf(bytes, sought[0]); at >= 0; at = Array.IndexOf(bytes, sought[0], at + 1))
        {
            int matched = 1;
            while (matched < sought.Length && at + matched < bytes.Length && bytes[at + matched] == sought[matched])
                matched++;
            if (matched == sought.Length)
                return true;
        }
        return false;
    }
}
#endif
