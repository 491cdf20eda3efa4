using Etr.Core.Rollouts;
using Etr.Core.Steps;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Rollouts;

/// <summary>One trace while it is drawn: where it stands, what it has drawn since its last report, and whether it is over.</summary>
internal sealed class SlotDecode
{
    private readonly RequestDecode _request;
    private readonly TraceKey _key;
    private readonly RolloutSlot _slot;
    private readonly List<SampledToken> _unreported = [];
    private readonly List<int> _ids = [];
    private readonly TokenText _text;
    private StepSegmenter _segmenter;

    public SlotDecode(RequestDecode request, RolloutSlot slot)
    {
        _request = request;
        _slot = slot;
        _key = new TraceKey(request.Source.PromptIndex, request.Source.Round, slot.Slot);
        _text = request.OpenText();
        foreach (SampledToken token in slot.Prefix)
        {
            _segmenter.Append(token.Text);
            // A character may have begun in the prefix and end behind it.
            _text.Append(token.Id);
        }

        if (slot.Prefix.Count > 0 && request.Ends(slot.Prefix[^1].Id))
        {
            Ending = TraceEnd.Finished;
        }
        else if (slot.Prefix.Count >= request.LongestTrace)
        {
            Ending = TraceEnd.Truncated;
        }
    }

    /// <summary>Why the trace is over; null while it is not.</summary>
    public TraceEnd? Ending { get; private set; }

    /// <summary>The request it belongs to.</summary>
    public RequestDecode Request => _request;

    /// <summary>Tokens the trace has, prefix included.</summary>
    public int TraceLength => _slot.Prefix.Count + _ids.Count;

    /// <summary>The token drawn last, the next to be read by the model.</summary>
    public int LastToken { get; private set; }

    /// <summary>Where <see cref="LastToken"/> stands in the whole sequence, prompt included.</summary>
    public int LastPosition => _request.Prompt.Count + TraceLength - 1;

    /// <summary>Its place in the order in which slots entered the engine; null before that. Those that came last give way first.</summary>
    public long? Entered { get; set; }

    /// <summary>Prompt, prefix and what has been drawn: what the model has to read before the next draw.</summary>
    public IEnumerable<int> Given => _request.Prompt.Concat(_slot.Prefix.Select(token => token.Id)).Concat(_ids);

    /// <summary>Tokens of <see cref="Given"/>.</summary>
    public int GivenLength => _request.Prompt.Count + TraceLength;

    /// <summary>Whether it has tokens of its own before it enters, so that it cannot share the prompt's prefill.</summary>
    public bool HasPrefix => TraceLength > 0;

    /// <summary>How the next token is to be drawn: the random number is a function of seed, prompt, round, slot and token index alone.</summary>
    public DrawRequest NextDraw => new(_request.Source.Sampling, Philox4x32.Uniform(_request.Source.Seed, _key, (uint)TraceLength), _request.Source.Ranked);

    /// <summary>Takes the drawn token; reports when it ends a reasoning step or the trace.</summary>
    public void Accept(DrawnToken drawn)
    {
        string text = _text.Append(drawn.Id);
        _unreported.Add(new SampledToken(
            drawn.Id, text, drawn.LogProb, drawn.Entropy, drawn.TopFiveEntropy, _request.Breaks(drawn.ArgMax), _request.Source.Policy.Version)
        {
            Ranks = drawn.Ranks,
        });
        _ids.Add(drawn.Id);
        LastToken = drawn.Id;
        bool boundary = _segmenter.Append(text) != StepBoundary.None;
        if (_request.Ends(drawn.Id))
        {
            Ending = TraceEnd.Finished;
        }
        else if (TraceLength >= _request.LongestTrace)
        {
            Ending = TraceEnd.Truncated;
        }

        if ((boundary || _request.Source.EveryToken) && Ending is null && !Report())
        {
            Ending = TraceEnd.Cancelled;
        }
    }

    /// <summary>Ends the trace at this token boundary.</summary>
    public void Cancel() => Ending ??= TraceEnd.Cancelled;

    /// <summary>Hands over what is left and says that the trace is over.</summary>
    public void Finish()
    {
        Report();
        _request.Source.Observer.OnEnd(_slot.Slot, Ending ?? TraceEnd.Cancelled, _request.Prompt);
    }

    private bool Report()
    {
        if (_unreported.Count == 0)
        {
            return true;
        }

        SampledToken[] tokens = [.. _unreported];
        _unreported.Clear();
        return _request.Source.Observer.OnTokens(_slot.Slot, tokens);
    }
}
