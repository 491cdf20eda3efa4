using System.Globalization;
using System.Text.RegularExpressions;

namespace Etr.Silo.Archive;

/// <summary>A part of an archive: three files of whole steps.</summary>
/// <param name="Folder">The archive's folder.</param>
/// <param name="First">Its first step, from 1.</param>
/// <param name="Last">Its last step.</param>
internal sealed partial record ArchivePart(string Folder, int First, int Last)
{
    private const string Steps = "steps";
    private static readonly string[] Kinds = [Steps, "groups", "traces"];

    /// <summary>The file of steps, which is written last.</summary>
    public string StepsFile => FileOf(Steps);

    /// <summary>The file of groups.</summary>
    public string GroupsFile => FileOf(Kinds[1]);

    /// <summary>The file of traces.</summary>
    public string TracesFile => FileOf(Kinds[2]);

    /// <summary>Bytes of its files.</summary>
    public long Bytes => Files.Sum(file => file.Exists ? file.Length : 0);

    /// <summary>When it was closed, UTC.</summary>
    public DateTime Written => File.GetLastWriteTimeUtc(StepsFile);

    private IEnumerable<FileInfo> Files => Kinds.Select(kind => new FileInfo(FileOf(kind)));

    /// <summary>
    /// The parts of a folder that are whole, by their first steps. Files of one that was never closed are deleted, so this is for whoever
    /// writes there.
    /// </summary>
    public static IReadOnlyList<ArchivePart> Of(string folder)
    {
        foreach (string path in FilesOf(folder).Where(part => !part.Any(IsLast)).SelectMany(part => part))
            File.Delete(path);
        return Whole(folder);
    }

    /// <summary>The parts of a folder that are whole, by their first steps, for whoever reads while another writes.</summary>
    public static IReadOnlyList<ArchivePart> Whole(string folder) =>
        [.. FilesOf(folder).Where(part => part.Any(IsLast)).Select(part => new ArchivePart(folder, part.Key.First, part.Key.Last)).OrderBy(part => part.First)];

    /// <summary>Deletes it, the file that makes it whole first.</summary>
    public void Delete()
    {
        foreach (FileInfo file in Files)
            file.Delete();
    }

    private static ILookup<(int First, int Last), string> FilesOf(string folder) =>
        (Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.parquet") : [])
            .Select(path => (Path: path, Match: Name().Match(Path.GetFileName(path)))).Where(file => file.Match.Success)
            .ToLookup(file => (Number(file.Match, "first"), Number(file.Match, "last")), file => file.Path);

    private static bool IsLast(string path) => Path.GetFileName(path).StartsWith(Steps, StringComparison.Ordinal);

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    private string FileOf(string kind) => Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{kind}-{First:D8}-{Last:D8}.parquet"));

    [GeneratedRegex("^(steps|groups|traces)-(?<first>[0-9]{8})-(?<last>[0-9]{8})\\.parquet$")]
    private static partial Regex Name();
}
