using Etr.Core.Runs;

namespace Etr.Core.Prompts;

/// <summary>Prompt files gone through once: what is trained on, what is held out, and what became of every row.</summary>
public sealed class PromptFiles
{
    private readonly PromptIndex _training;
    private readonly PromptIndex _heldOut;
    private readonly IndexedFile[] _files;
    private readonly PromptTemplate _template;

    internal PromptFiles(string path, IndexedFile[] files, PromptIndex training, PromptIndex heldOut, PromptTemplate template, PromptReport report)
    {
        (_files, _training, _heldOut, _template) = (files, training, heldOut, template);
        string name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(path));
        Report = report with { Training = training.Places.Count, HeldOut = heldOut.Places.Count };
        Training = new PromptFileSet(name, files, [.. training.Places], template, Report);
        HeldOut = heldOut.Places.Count > 0 ? new PromptFileSet($"{name}/held-out", files, [.. heldOut.Places], template, Report) : null;
    }

    /// <summary>The prompts that are not held out.</summary>
    public PromptFileSet Training { get; }

    /// <summary>The prompts that the split holds out; null where there are none.</summary>
    public PromptFileSet? HeldOut { get; }

    /// <summary>What became of the rows.</summary>
    public PromptReport Report { get; }

    /// <summary>Reads files.</summary>
    /// <param name="path">What they are called together; its last part names the sets.</param>
    /// <param name="sources">The files, in order.</param>
    /// <param name="options">How to read them; the defaults where null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="PromptFileException">A row is bad and that is fatal, or there is no prompt.</exception>
    public static PromptFiles Read(string path, IReadOnlyList<PromptSource> sources, PromptFileOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(sources);
        PromptFileOptions how = (options ?? new PromptFileOptions()).Checked();
        PromptFiles read = how.Dataset.Layout == DatasetOptions.Prepared
            ? PreparedPrompts.Read(path, sources, how)
            : new PromptScan(how).Read(path, sources, cancellationToken);
        return read.Training.Count > 0
            ? read
            : throw new PromptFileException($"{path}: it has no prompt ({read.Report})");
    }

    /// <summary>Counts the training questions that are also in a held-out set.</summary>
    /// <param name="heldOut">The held-out set, of other files.</param>
    /// <param name="first">The first training prompt that is, or null.</param>
    public int OverlapWith(PromptFiles heldOut, out string? first)
    {
        ArgumentNullException.ThrowIfNull(heldOut);
        HashSet<UInt128> asked = [.. heldOut._training.Keys];
        int[] both = [.. Enumerable.Range(0, _training.Keys.Count).Where(index => asked.Contains(_training.Keys[index]))];
        first = both.Length > 0 ? Training[both[0]].Id : null;
        return both.Length;
    }

    /// <summary>These files without the training questions that are also in a held-out set.</summary>
    /// <param name="heldOut">The held-out set, of other files.</param>
    /// <param name="path">What the files are called together.</param>
    /// <exception cref="PromptFileException">Nothing is left.</exception>
    public PromptFiles Without(PromptFiles heldOut, string path)
    {
        ArgumentNullException.ThrowIfNull(heldOut);
        HashSet<UInt128> asked = [.. heldOut._training.Keys];
        var left = new PromptIndex();
        for (int index = 0; index < _training.Places.Count; index++)
        {
            if (!asked.Contains(_training.Keys[index]))
                left.Add(_training.Places[index], _training.Keys[index]);
        }

        return left.Places.Count > 0
            ? new PromptFiles(path, _files, left, _heldOut, _template, Report with { Overlap = _training.Places.Count - left.Places.Count })
            : throw new PromptFileException($"{path}: every prompt is also held out");
    }
}

/// <summary>Places of prompts and the keys of their questions, in order.</summary>
internal sealed class PromptIndex
{
    public List<PromptPlace> Places { get; } = [];

    public List<UInt128> Keys { get; } = [];

    public void Add(PromptPlace place, UInt128 key)
    {
        Places.Add(place);
        Keys.Add(key);
    }
}
