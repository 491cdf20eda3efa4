using Etr.Core.Rollouts;

namespace Etr.Core.Steps;

/// <summary>
/// The mean token entropies of thinking and of the answer, kept up to date as each token arrives: the parts before and after
/// the token that completes the first <c>&lt;/think&gt;</c>, that token excluded.
/// </summary>
/// <remarks>
/// Without <c>&lt;/think&gt;</c> everything is thinking and the answer's mean is 0, and so is that of any empty part. End-of-sequence
/// belongs to the part it ends. A mutable struct of constant size.
/// </remarks>
public struct ThinkSplit
{
    private const string Marker = "</think>";

    private double _think;
    private double _answer;
    private int _thinkTokens;
    private int _answerTokens;
    private int _matched;

    /// <summary>Mean entropy (nats) of the tokens before the marker; 0 where there are none.</summary>
    public readonly double ThinkEntropy => _thinkTokens == 0 ? 0 : _think / _thinkTokens;

    /// <summary>Mean entropy (nats) of the tokens after the marker; 0 where there are none.</summary>
    public readonly double AnswerEntropy => _answerTokens == 0 ? 0 : _answer / _answerTokens;

    /// <summary>Measures a whole trace.</summary>
    /// <param name="tokens">Its tokens in order, end-of-sequence included.</param>
    /// <returns>Its parts.</returns>
    public static ThinkSplit Of(IReadOnlyList<SampledToken> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var split = new ThinkSplit();
        foreach (var token in tokens)
            split.Add(token.Text, token.Entropy);
        return split;
    }

    /// <summary>Adds a token.</summary>
    /// <param name="text">The text it adds; empty for a special token.</param>
    /// <param name="entropy">Its entropy in nats.</param>
    public void Add(string text, double entropy)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_matched == Marker.Length)
        {
            _answer += entropy;
            _answerTokens++;
        }
        else if (!Completes(text))
        {
            _think += entropy;
            _thinkTokens++;
        }
    }

    private bool Completes(string text)
    {
        foreach (var character in text)
        {
            // '<' stands at the marker's start alone, so a match that breaks can begin again only there.
            if (character == Marker[_matched])
                _matched++;
            else
                _matched = character == Marker[0] ? 1 : 0;
            if (_matched == Marker.Length)
                return true;
        }

        return false;
    }
}
