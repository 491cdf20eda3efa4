namespace Etr.Policy.Rollouts;

/// <summary>
/// A policy version's weights with the keys and values of the sequences that are drawn with it: what a <see cref="DecodeLane"/>
/// asks of a kind of engine. Rows are numbered from 0 without gaps, in the order in which they entered.
/// </summary>
internal interface ILaneModel : IDisposable
{
    /// <summary>Reads sequences, adds a row for each entrant, and draws its first token.</summary>
    /// <param name="sequences">What is to be read, each once, each at least one token.</param>
    /// <param name="sequenceOf">Which of them each entrant goes on from.</param>
    /// <param name="requests">One an entrant.</param>
    /// <param name="drawn">Receives one token an entrant.</param>
    /// <exception cref="NotFiniteNumberException">Logits hold NaN or infinity.</exception>
    void Enter(IReadOnlyList<int[]> sequences, IReadOnlyList<int> sequenceOf, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn);

    /// <summary>Reads one more token of every row and draws its next.</summary>
    /// <param name="ids">The rows' tokens.</param>
    /// <param name="positions">Where each stands in its sequence, from 0.</param>
    /// <param name="requests">One a row.</param>
    /// <param name="drawn">Receives one token a row.</param>
    /// <exception cref="NotFiniteNumberException">Logits hold NaN or infinity.</exception>
    void Step(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn);

    /// <summary>Frees a row; the last row moves into its place.</summary>
    /// <param name="row">The row that is over.</param>
    void Leave(int row);

    /// <summary>Forgets all rows, whose keys and values the engine gives up as a whole.</summary>
    void Forget();
}
