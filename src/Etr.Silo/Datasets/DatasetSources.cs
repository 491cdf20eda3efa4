using Etr.Core.Prompts;

namespace Etr.Silo.Datasets;

/// <summary>Opens what <c>Etr:Task:Data</c> names: JSON lines, Parquet, or a directory of such files.</summary>
internal sealed class DatasetSources : IPromptSources
{
    private const int MostFiles = 4096;
    private static readonly string[] Extensions = [".jsonl", ".parquet"];

    /// <inheritdoc/>
    public IReadOnlyList<PromptSource> Open(string path, IReadOnlyCollection<string> members, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(path))
            return [OpenFile(path, members, cancellationToken)];
        string[] files = [.. Directory.EnumerateFiles(path).Where(file => Extensions.Contains(Path.GetExtension(file))).Take(MostFiles + 1).Order(StringComparer.Ordinal)];
        if (files.Length is 0 or > MostFiles)
            throw new PromptFileException($"{path}: {(files.Length == 0 ? "there is no .jsonl or .parquet file in this directory" : $"there are more than {MostFiles} files in this directory")}");
        return [.. files.Select(file => OpenFile(file, members, cancellationToken))];
    }

    private static PromptSource OpenFile(string path, IReadOnlyCollection<string> members, CancellationToken cancellationToken)
    {
        PromptSource source = PromptSource.Open(path);
        if (!ParquetCheck.IsParquet(source.Handle))
            return source;
        using (source.Handle)
            return ParquetRows.Unpack(source, members, cancellationToken);
    }
}
