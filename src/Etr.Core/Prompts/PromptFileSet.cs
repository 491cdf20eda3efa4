using System.Buffers;
using Etr.Core.Tasks;

namespace Etr.Core.Prompts;

/// <summary>
/// Prompts of files, numbered. Of each it keeps where it is, 24 bytes; its text is read when it is asked for. Used from several threads.
/// </summary>
public sealed class PromptFileSet : IPromptSet
{
    private readonly IndexedFile[] _files;
    private readonly PromptPlace[] _places;
    private readonly PromptTemplate _template;

    internal PromptFileSet(string name, IndexedFile[] files, PromptPlace[] places, PromptTemplate template, PromptReport report)
    {
        Name = name;
        (_files, _places, _template) = (files, places, template);
        Report = report;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => _places.Length;

    /// <summary>What became of the rows it was made of.</summary>
    public PromptReport Report { get; }

    /// <inheritdoc/>
    /// <exception cref="PromptFileException">The file has changed since it was read.</exception>
    public PromptItem this[int index]
    {
        get
        {
            PromptPlace place = _places[index];
            IndexedFile file = _files[place.File];
            byte[] line = ArrayPool<byte>.Shared.Rent(place.Length);
            try
            {
                int read = RandomAccess.Read(file.Source.Handle, line.AsSpan(0, place.Length), place.Offset);
                RowReading row = read == place.Length ? file.Layout.Read(line.AsMemory(0, read)) : RowReading.Bad("it ends before the row does");
                return row.Question is null
                    ? throw new PromptFileException($"{new BadRow(file.Source.Path, place.Number, row.Reason)}: the file has changed since it was first read")
                    : new PromptItem(row.Id ?? file.IdOf(place.Number), _template.Render(row.Question), row.Answer!) { Category = row.Category, Difficulty = row.Difficulty };
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(line);
            }
        }
    }

    /// <summary>Reads a file of JSON lines whole; none of it is held out.</summary>
    /// <param name="path">Its path; the file's name without extension names the set.</param>
    /// <param name="options">How to read it; the defaults where null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The set.</returns>
    /// <exception cref="PromptFileException">It cannot be opened, has a bad row where that is fatal, or has no prompt.</exception>
    public static PromptFileSet Load(string path, PromptFileOptions? options = null, CancellationToken cancellationToken = default) =>
        PromptFiles.Read(path, [PromptSource.Open(path)], options, cancellationToken).Training;
}

/// <summary>Where a prompt is.</summary>
internal readonly record struct PromptPlace(long Offset, int Length, int Number, int File);

/// <summary>A file whose rows are known.</summary>
internal sealed record IndexedFile(PromptSource Source, RowLayout Layout)
{
    /// <summary>What a row without an id is called.</summary>
    public string IdOf(long number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Source.Stem}/{number}");
}
