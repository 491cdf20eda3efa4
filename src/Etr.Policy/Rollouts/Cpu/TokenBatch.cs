namespace Etr.Policy.Rollouts.Cpu;

/// <summary>Tokens that are read in one pass: runs of one or more that follow one another in a sequence.</summary>
internal sealed class TokenBatch
{
    private readonly List<int> _tokens = [];
    private readonly List<Run> _runs = [];
    private readonly List<(int Row, int Output)> _outputs = [];

    /// <summary>Number of tokens.</summary>
    public int Rows => _tokens.Count;

    /// <summary>The runs, in the order of their rows.</summary>
    public IReadOnlyList<Run> Runs => _runs;

    /// <summary>Rows whose logits are wanted, and where they go.</summary>
    public IReadOnlyList<(int Row, int Output)> Outputs => _outputs;

    /// <summary>The token of a row.</summary>
    public int Token(int row) => _tokens[row];

    /// <summary>Adds a run of tokens.</summary>
    /// <param name="sequence">Holds keys and values of what stands before; has room for these.</param>
    /// <param name="tokens">At least one.</param>
    /// <param name="position">Where the first of them stands.</param>
    /// <param name="output">Where the logits after the last of them go; −1 for nowhere.</param>
    public void Add(CachedSequence sequence, ReadOnlySpan<int> tokens, int position, int output)
    {
        _runs.Add(new Run(sequence, Rows, tokens.Length, position));
        _tokens.AddRange(tokens);
        if (output >= 0)
        {
            _outputs.Add((Rows - 1, output));
        }
    }

    public void Clear()
    {
        _tokens.Clear();
        _runs.Clear();
        _outputs.Clear();
    }

    /// <summary>Tokens of one sequence.</summary>
    /// <param name="Sequence">The sequence.</param>
    /// <param name="FirstRow">The first token's row.</param>
    /// <param name="Rows">Number of tokens.</param>
    /// <param name="Position">Where the first token stands in its sequence, from 0.</param>
    internal readonly record struct Run(CachedSequence Sequence, int FirstRow, int Rows, int Position);
}
