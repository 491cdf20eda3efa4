namespace Etr.Silo.Processes;

/// <summary>What a process writes: its last lines, and all of them in a file where one is wanted.</summary>
internal sealed class Transcript : IDisposable
{
    private const int MostLines = 200;
    private readonly Queue<string> _lines = new();
    private StreamWriter? _file;

    /// <summary>The last lines, at most 200.</summary>
    public string LastLines
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Writes what comes from now on to the end of a file.</summary>
    public void KeepIn(string file)
    {
        lock (_lines)
            _file = new StreamWriter(file, append: true) { AutoFlush = true };
    }

    /// <summary>One more line. May be called from any thread.</summary>
    public void Add(string line)
    {
        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > MostLines)
                _lines.Dequeue();
            _file?.WriteLine(line);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lines)
        {
            _file?.Dispose();
            _file = null;
        }
    }
}
