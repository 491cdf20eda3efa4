namespace Etr.Core.Steps;

/// <summary>
/// Step entropies as tokens arrive, with constant state: a step is handed out once nothing can join it any more.
/// </summary>
/// <remarks>
/// White space after a boundary may still join the step before, so a step is final only when the text after it begins, or
/// at the end. Together the handed-out entropies equal <see cref="StepEntropies.Of(IReadOnlyList{string}, ReadOnlySpan{double})"/>. A mutable struct, like
/// <see cref="StepSegmenter"/>.
/// </remarks>
public struct StepEntropyAccumulator
{
    private StepSegmenter _segmenter;
    private Mean _ended;
    private Mean _open;

    /// <summary>
    /// Mean entropy of the latest step so far, in nats: the open one where it has text, else the one that ended last.
    /// NaN before the first token.
    /// </summary>
    public readonly double Latest => _segmenter.IsBlank && _ended.Count > 0 ? _ended.With(_open).Value : _open.Value;

    /// <summary>Takes a token.</summary>
    /// <param name="tokenText">The text it adds.</param>
    /// <param name="tokenEntropy">Its entropy in nats.</param>
    /// <param name="finished">Mean entropy in nats of the step that became final with this token.</param>
    /// <returns>True if a step became final.</returns>
    public bool Add(ReadOnlySpan<char> tokenText, double tokenEntropy, out double finished)
    {
        finished = 0;
        var wasBlank = _segmenter.IsBlank;
        var before = _segmenter.Count;
        var boundary = _segmenter.Append(tokenText);
        _open = _open.With(tokenEntropy);

        var opened = wasBlank && _segmenter.Count > before;
        var isFinal = opened && _ended.Count > 0;
        if (isFinal)
        {
            finished = _ended.Value;
            _ended = default;
        }

        if (boundary != StepBoundary.None)
        {
            _ended = _ended.With(_open);
            _open = default;
        }

        return isFinal;
    }

    /// <summary>Ends the response: hands out its last step, and makes the stream ready for another response.</summary>
    /// <param name="finished">Mean entropy in nats of the last step.</param>
    /// <returns>False if the response had no token.</returns>
    public bool Complete(out double finished)
    {
        // White space at the end joins the step before it; a response of white space alone is one step.
        var last = _ended.With(_open);
        this = default;
        finished = last.Count > 0 ? last.Value : 0;
        return last.Count > 0;
    }

    private readonly record struct Mean(double Sum, long Count)
    {
        public double Value => Sum / Count;

        public Mean With(double value) => new(Sum + value, Count + 1);

        public Mean With(Mean other) => new(Sum + other.Sum, Count + other.Count);
    }
}
