using System.Buffers;

namespace Etr.Core.Policies;

/// <summary>What a manifest must be before anything is read, allocated or named after it.</summary>
internal static class ManifestRules
{
    private const int LongestFileName = 128;
    private const int LongestPartName = 1024;

    // Names of a folder's own: the manifest, and files on their way.
    private const string Unfinished = ".part";

    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    public static void Check(PolicyManifest manifest)
    {
        Require(manifest.Version >= 0, "version", "a whole number from 0", $"{manifest.Version}");
        int count = manifest.Files?.Count ?? 0;
        Require(count is > 0 and <= PolicyManifest.MostFiles, "files", $"1 to {PolicyManifest.MostFiles} of them", $"{count}");
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        int parts = 0;
        foreach (ManifestFile? file in manifest.Files!)
        {
            Require(file is not null, "files", "no empty entry", "one");
            Require(IsFileName(file!.Name), "file name", "a plain file name", Shown(file.Name));
            Require(names.Add(file.Name), file.Name, "each file once", "a second of this name");
            parts += file.Parts?.Count ?? 0;
            Require(parts <= PolicyManifest.MostParts, file.Name, $"at most {PolicyManifest.MostParts} parts in all", $"{parts}");
            CheckFile(file);
        }

        Require(manifest.Find(PolicyManifest.WeightsFile) is not null, "files", $"a file {PolicyManifest.WeightsFile}", "none");
    }

    /// <summary>Whether a text is a SHA-256 as the project writes it.</summary>
    public static bool IsHash(string? text) => text is { Length: 64 } && !text.AsSpan().ContainsAnyExcept(Hexadecimal);

    /// <summary>Whether a name can only mean a file in the folder it is looked for in.</summary>
    public static bool IsFileName(string? name) =>
        name is { Length: > 0 and <= LongestFileName }
        && name[0] != '.'
        && !name.AsSpan().ContainsAnyExcept(Plain)
        && !name.EndsWith(Unfinished, StringComparison.OrdinalIgnoreCase)
        && !name.Equals(PolicyManifest.FileName, StringComparison.OrdinalIgnoreCase);

    private static void CheckFile(ManifestFile file)
    {
        Require(file.Bytes is > 0 and <= PolicyManifest.MostBytes, file.Name, $"1 to {PolicyManifest.MostBytes} bytes", $"{file.Bytes}");
        Require(IsHash(file.Sha256), file.Name, "a SHA-256 of 64 lower-case hexadecimal digits", Shown(file.Sha256));
        long end = 0;
        foreach (ManifestPart? part in file.Parts ?? [])
        {
            Require(part?.Name is { Length: <= LongestPartName } name && !name.Any(char.IsControl), file.Name, "part names of at most 1024 printable characters", Shown(part?.Name));
            Require(part!.Offset == end, $"{file.Name}, part '{part.Name}'", $"offset {end}, where the part before it ends", $"offset {part.Offset}");
            Require(part.Bytes > 0 && part.Bytes <= file.Bytes - end, $"{file.Name}, part '{part.Name}'", $"1 to {file.Bytes - end} bytes, which are left of the file", $"{part.Bytes}");
            Require(IsHash(part.Sha256), $"{file.Name}, part '{part.Name}'", "a SHA-256 of 64 lower-case hexadecimal digits", Shown(part.Sha256));
            end += part.Bytes;
        }

        Require(end == file.Bytes, file.Name, $"parts up to byte {file.Bytes}, its end", $"parts up to byte {end}");
        Require(file.Parts is not [{ } only] || only.Sha256 == file.Sha256, file.Name, $"its one part to have its own hash, {file.Sha256}", file.Parts![0].Sha256);
    }

    private static void Require(bool holds, string what, string expected, string found)
    {
        if (!holds)
            throw new InvalidDataException($"policy manifest: {what}: expected {expected}, found {found}");
    }

    // What comes from outside is shown short and without what could steer a terminal.
    private static string Shown(string? text) =>
        text is null ? "none" : $"'{new string([.. text.Take(100).Select(letter => char.IsControl(letter) ? '?' : letter)])}'";
}
