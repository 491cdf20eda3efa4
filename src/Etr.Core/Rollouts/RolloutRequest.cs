namespace Etr.Core.Rollouts;

/// <summary>Slots of one group, to be drawn by one engine.</summary>
/// <param name="Prompt">The prompt's text, as the model is to see it.</param>
/// <param name="PromptIndex">The prompt's index in its set; part of every <see cref="TraceKey"/>.</param>
/// <param name="Round">The prompt's round; part of every <see cref="TraceKey"/>.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Policy">The policy version to draw with; an engine switches only between requests of different versions.</param>
/// <param name="Sampling">Temperature, truncation and length limit.</param>
/// <param name="Slots">The slots to draw, 1 to the engine's queue bound.</param>
/// <param name="Observer">Receives what is drawn, on the engine's thread.</param>
/// <param name="Cancellation">Ends all slots of the request at the next token boundary.</param>
public sealed record RolloutRequest(
    string Prompt,
    uint PromptIndex,
    uint Round,
    ulong Seed,
    PolicyRef Policy,
    SamplingOptions Sampling,
    IReadOnlyList<RolloutSlot> Slots,
    IRolloutObserver Observer,
    CancellationToken Cancellation)
{
    /// <summary>The prompt as token ids, template and all, where the caller has them; null lets the engine encode <see cref="Prompt"/>.</summary>
    public IReadOnlyList<int>? PromptTokens { get; init; }

    /// <summary>Whether each token is reported by itself, for someone who reads along; else a reasoning step at a time.</summary>
    public bool EveryToken { get; init; }

    /// <summary>Whether each token carries the most probable ones, as <see cref="SampledToken.Ranks"/>.</summary>
    public bool Ranked { get; init; }

    /// <summary>Whether full-vocabulary entropies must be exact, because a reward reads them; an engine that has none refuses the request.</summary>
    public bool FullEntropy { get; init; }
}

/// <summary>One trace to draw.</summary>
/// <param name="Slot">The trace's place in its group.</param>
/// <param name="Prefix">Tokens it already has, from an earlier sampler; drawing goes on after them. Empty for a new trace.</param>
public sealed record RolloutSlot(uint Slot, IReadOnlyList<SampledToken> Prefix);

/// <summary>Receives a request's tokens. Called on the engine's thread: an implementation hands over and returns at once.</summary>
public interface IRolloutObserver
{
    /// <summary>
    /// A reasoning step has ended (or the trace has): its new tokens, in order, without the prefix. Returns whether the
    /// slot shall go on; false ends it as <see cref="TraceEnd.Cancelled"/>.
    /// </summary>
    bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens);

    /// <summary>The trace is over; all its tokens have been reported. <paramref name="promptTokens"/> are the ids the policy saw as prompt.</summary>
    void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens);

    /// <summary>The request can't be drawn (a prompt over the context, weights that do not load): no further call for any slot.</summary>
    void OnFailed(string reason);
}

/// <summary>Why a trace ended.</summary>
public enum TraceEnd
{
    /// <summary>The policy drew its end-of-sequence token.</summary>
    Finished,

    /// <summary>The length limit or the context was reached: the trace is truncated.</summary>
    Truncated,

    /// <summary>Whoever asked for it no longer wants it.</summary>
    Cancelled,
}
