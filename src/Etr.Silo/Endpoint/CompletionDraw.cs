using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Etr.Core.Rollouts;

namespace Etr.Silo.Endpoint;

/// <summary>Something new of one choice.</summary>
/// <param name="Index">The choice.</param>
/// <param name="Tokens">Its new tokens.</param>
/// <param name="Text">The text that may be shown of them.</param>
/// <param name="Finish">Why it ended: <c>stop</c> or <c>length</c>; null while it has not.</param>
internal readonly record struct ChoiceNews(int Index, IReadOnlyList<SampledToken> Tokens, string Text, string? Finish);

/// <summary>
/// A request's choices between the engine's thread, which fills them, and the request, which empties them. What is held is bounded by
/// the tokens that were asked for.
/// </summary>
internal sealed class CompletionDraw : IRolloutObserver
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, Choice> _choices;
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private string? _failure;

    public CompletionDraw(IReadOnlyList<uint> slots, IReadOnlyList<string> stops) =>
        _choices = slots.Select((slot, index) => (slot, index)).ToDictionary(pair => pair.slot, pair => new Choice(pair.index, stops));

    /// <inheritdoc/>
    public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
    {
        bool goesOn;
        lock (_lock)
        {
            goesOn = _choices[slot].Take(tokens);
        }

        _news.Writer.TryWrite(true);
        return goesOn;
    }

    /// <inheritdoc/>
    public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
    {
        lock (_lock)
        {
            _choices[slot].End(ending);
        }

        _news.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public void OnFailed(string reason)
    {
        lock (_lock)
        {
            _failure = reason;
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>What comes of the choices, all that is there at a time, until they have ended.</summary>
    /// <exception cref="ApiException">The request cannot be drawn, or the engine has stopped.</exception>
    public async IAsyncEnumerable<IReadOnlyList<ChoiceNews>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            await _news.Reader.ReadAsync(cancellationToken);
            bool over;
            ChoiceNews[] news;
            lock (_lock)
            {
                if (_failure is { } failure)
                    throw new ApiException(503, "engine_failed", "the policy could not be drawn with; the silo's log says why") { Detail = failure };
                news = [.. _choices.Values.Select(choice => choice.Give()).OfType<ChoiceNews>()];
                over = _choices.Values.All(choice => choice.Told);
            }

            if (news.Length > 0)
                yield return news;
            if (over)
                yield break;
        }
    }

    private sealed class Choice(int index, IReadOnlyList<string> stops)
    {
        private readonly StopTexts _stop = new(stops);
        private readonly List<SampledToken> _tokens = [];
        private string _text = "";
        private string? _finish;
        private bool _lost;

        /// <summary>Whether its end was handed out.</summary>
        public bool Told { get; private set; }

        public bool Take(IReadOnlyList<SampledToken> tokens)
        {
            foreach (SampledToken token in tokens)
            {
                if (_stop.Met)
                    break;
                _tokens.Add(token);
                _text += _stop.Append(token.Text);
            }

            if (_stop.Met)
                _finish ??= "stop";
            return !_stop.Met;
        }

        public void End(TraceEnd ending)
        {
            if (_finish is not null)
                return;
            _text += _stop.Finish();
            _lost = ending == TraceEnd.Cancelled;
            _finish = ending == TraceEnd.Finished ? "stop" : "length";
        }

        public ChoiceNews? Give()
        {
            if (Told || (_tokens.Count == 0 && _finish is null))
                return null;
            if (_lost)
                throw new ApiException(503, "engine_stopped", "the engine has stopped; try again") { RetryAfter = 1 };
            var news = new ChoiceNews(index, [.. _tokens], _text, _finish);
            _tokens.Clear();
            (_text, Told) = ("", _finish is not null);
            return news;
        }
    }
}
