namespace Etr.Silo.RemoteSamplers;

/// <summary>What a server did wrong, as metrics and people call it.</summary>
internal enum ServerFault
{
    /// <summary>No connection, or it broke off.</summary>
    Unreachable,

    /// <summary>429: it has too much to do.</summary>
    Busy,

    /// <summary>5xx.</summary>
    ServerError,

    /// <summary>It did not answer, or did not go on, in time.</summary>
    Slow,

    /// <summary>What it sent is not an answer, or more than any answer could be.</summary>
    Garbage,

    /// <summary>It drew from another prompt, or tokens that the policy does not have, or ended a trace without an end.</summary>
    OtherTokens,

    /// <summary>It left out log-probabilities.</summary>
    NoLogProbs,

    /// <summary>Its log-probabilities are another policy's.</summary>
    OtherWeights,

    /// <summary>It cut a trace off before its limit.</summary>
    CutShort,

    /// <summary>401, 403 or 404: the key, the address or the model is not the server's.</summary>
    Refused,

    /// <summary>400, 413 or 422: it does not take the prompt.</summary>
    BadPrompt,
}

/// <summary>A server's failure.</summary>
/// <param name="fault">Its kind.</param>
/// <param name="message">A sentence, without a key in it.</param>
/// <param name="inner">What it came from.</param>
internal sealed class ServerException(ServerFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Its kind.</summary>
    public ServerFault Fault => fault;

    /// <summary>Whether tokens had been drawn: then it is not made again, but handed back with them.</summary>
    public bool Begun { get; init; }

    /// <summary>When the server asks to be asked again; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether it says something against the prompt and nothing against the server.</summary>
    public bool BlamesPrompt => fault == ServerFault.BadPrompt;

    /// <summary>Whether asking again may help.</summary>
    public bool MayPass => !Begun && fault is ServerFault.Unreachable or ServerFault.Busy or ServerFault.ServerError or ServerFault.Slow;
}
