using Etr.Core.Entropies;
using Etr.Core.Rollouts;
using Etr.Core.Steps;
using Etr.Policy.Tokenizers;

namespace Etr.Silo.RemoteSamplers;

/// <summary>One trace while a server draws it: what it has, what was not reported yet, and whether it is over.</summary>
internal sealed class RemoteSlot
{
    private readonly RolloutSlot _slot;
    private readonly RemoteModel _model;
    private readonly int _longest;
    private readonly TokenText _text;
    private readonly List<SampledToken> _unreported = [];
    private StepSegmenter _segmenter;
    private int _drawn;

    /// <exception cref="ArgumentException">The prefix is longer than a trace may be, or holds what is no token of the policy.</exception>
    public RemoteSlot(RolloutSlot slot, RemoteModel model, int longest)
    {
        (_slot, _model, _longest, _text) = (slot, model, longest, model.OpenText());
        if (slot.Prefix.Count > longest)
            throw new ArgumentException($"a prefix is longer than a trace may be ({longest} tokens)");
        foreach (SampledToken token in slot.Prefix)
        {
            if (token.Id < 0 || token.Id >= model.Config.VocabularySize)
                throw new ArgumentException($"a prefix holds a token outside the policy's {model.Config.VocabularySize}");
            _segmenter.Append(token.Text);
            _text.Append(token.Id);
        }

        if (slot.Prefix.Count > 0 && model.Ends(slot.Prefix[^1].Id))
            Ending = TraceEnd.Finished;
        else if (slot.Prefix.Count == longest)
            Ending = TraceEnd.Truncated;
    }

    /// <summary>The slot's number.</summary>
    public uint Slot => _slot.Slot;

    /// <summary>Ids that it brings.</summary>
    public IReadOnlyList<int> Prefix => [.. _slot.Prefix.Select(token => token.Id)];

    /// <summary>Tokens it may still have.</summary>
    public int Room => _longest - _slot.Prefix.Count - _drawn;

    /// <summary>Why it is over; null while it is not.</summary>
    public TraceEnd? Ending { get; private set; }

    /// <summary>Whether the observer has heard of its end.</summary>
    public bool Told { get; set; }

    /// <summary>Tokens that were drawn and not reported yet.</summary>
    public IReadOnlyList<SampledToken> Unreported => _unreported;

    /// <summary>Takes what the server has drawn. Returns whether a reasoning step has ended.</summary>
    /// <exception cref="ServerException">It is no trace of the policy.</exception>
    public bool Take(ServerPiece piece)
    {
        bool boundary = false;
        foreach (SampledToken token in piece.Tokens)
        {
            // What a server draws beyond a trace's end or limit is nobody's.
            if (Ending is not null)
                break;
            string text = _text.Append(token.Id);
            _unreported.Add(token with { Text = text });
            _drawn++;
            boundary |= _segmenter.Append(text) != StepBoundary.None;
            if (_model.Ends(token.Id))
                Ending = TraceEnd.Finished;
            else if (Room == 0)
                Ending = TraceEnd.Truncated;
        }

        if (piece.Finish is { } finish && Ending is null)
        {
            throw finish == "length"
                ? new ServerException(ServerFault.CutShort, $"it ends a trace after {_slot.Prefix.Count + _drawn} of {_longest} tokens: its context is shorter than the policy's (--max-model-len)")
                : new ServerException(ServerFault.OtherTokens, $"it ends a trace ('{Short(finish)}') that does not end in a token that ends one");
        }

        return boundary;
    }

    /// <summary>Puts measured entropies in the place of those that the server's answer gave.</summary>
    public void Measure(IReadOnlyList<TokenMeasure> measures)
    {
        for (int i = 0; i < _unreported.Count; i++)
            _unreported[i] = _unreported[i] with { Entropy = (float)measures[i].Entropy };
    }

    /// <summary>What was not reported yet, once.</summary>
    public SampledToken[] Report()
    {
        SampledToken[] tokens = [.. _unreported];
        _unreported.Clear();
        return tokens;
    }

    /// <summary>Forgets what was not reported yet: it is not to be trusted.</summary>
    public void Distrust() => _unreported.Clear();

    /// <summary>Ends it where it is.</summary>
    public void Cancel() => Ending ??= TraceEnd.Cancelled;

    private static string Short(string text) => text.Length <= 40 ? text : text[..40];
}
