namespace Etr.Core.Steps;

/// <summary>
/// Cuts a response into reasoning steps as its tokens arrive, with constant state (arXiv 2604.05355, section 3: steps are
/// separated by a blank line).
/// </summary>
/// <remarks>
/// A token ends a step when, with it, the text since the last boundary contains "\n\n" begun since that boundary. Text after
/// it inside the token stays with the step. A run of white space only is no step of its own: it joins the step before, or,
/// at the very start, opens the first step. The tail is the last step; end-of-sequence belongs to it (append it with
/// empty text). A mutable struct: hold it in a field or a local, pass it by reference.
/// </remarks>
public struct StepSegmenter
{
    /// <summary>The text that ends a step.</summary>
    public const string Delimiter = "\n\n";

    private bool _endsInNewline;
    private bool _hasText;

    /// <summary>Number of steps seen, the open one included once it holds more than white space.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// True while the text since the last boundary is white space only. Such tokens belong to the step before if a boundary
    /// or the end follows, and to the next step otherwise; the last ended step is final only when this turns false.
    /// </summary>
    public readonly bool IsBlank => !_hasText;

    /// <summary>Takes the next token's text.</summary>
    /// <param name="tokenText">The text the token adds; empty for tokens without text, such as end-of-sequence.</param>
    /// <returns>
    /// What the token did: <see cref="StepBoundary.Ended"/> where it ended a step, <see cref="StepBoundary.Joined"/> where it
    /// ended a run of white space, which therefore joins the step before.
    /// </returns>
    public StepBoundary Append(ReadOnlySpan<char> tokenText)
    {
        if (!Scan(tokenText))
            return StepBoundary.None;

        // The next delimiter has to begin after this boundary.
        _endsInNewline = false;
        if (_hasText)
        {
            _hasText = false;
            return StepBoundary.Ended;
        }

        // Nothing to join yet: leading white space stays open and becomes the beginning of the first step.
        return Count == 0 ? StepBoundary.None : StepBoundary.Joined;
    }

    /// <summary>Where the steps of a whole response end.</summary>
    /// <param name="tokenTexts">The text each token adds, in order.</param>
    /// <returns>For each step the index after its last token, rising; the last is the number of tokens. Empty for no tokens.</returns>
    public static int[] Ends(IReadOnlyList<string> tokenTexts)
    {
        ArgumentNullException.ThrowIfNull(tokenTexts);
        var segmenter = new StepSegmenter();
        var ends = new List<int>();
        for (var i = 0; i < tokenTexts.Count; i++)
        {
            switch (segmenter.Append(tokenTexts[i]))
            {
                case StepBoundary.Ended:
                    ends.Add(i + 1);
                    break;
                case StepBoundary.Joined:
                    ends[^1] = i + 1;
                    break;
            }
        }

        if (tokenTexts.Count == 0)
            return [];
        if (segmenter.IsBlank && ends.Count > 0)
            ends[^1] = tokenTexts.Count;
        else
            ends.Add(tokenTexts.Count);
        return [.. ends];
    }

    private bool Scan(ReadOnlySpan<char> text)
    {
        var delimited = false;
        foreach (var c in text)
        {
            if (c == '\n')
            {
                delimited |= _endsInNewline;
                _endsInNewline = true;
                continue;
            }

            _endsInNewline = false;
            if (!_hasText && !char.IsWhiteSpace(c))
            {
                _hasText = true;
                Count++;
            }
        }

        return delimited;
    }
}
