using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;

namespace Etr.Benchmarks.Repairs;

/// <summary>Draws a trace of each prompt, as the policy would, or with every re-check refused.</summary>
internal sealed class RepairDraws(IRolloutEngine engine, PolicyRef policy, ArithmeticPromptSet prompts, SamplingOptions sampling)
{
    private const ulong Seed = 1;

    // A policy that does nothing but re-check is given up on; half the draws being re-checks, 64 in a row are not seen.
    private const uint MostRounds = 64;

    /// <summary>A trace of each prompt, in the prompts' order.</summary>
    public async Task<IReadOnlyList<SampledToken>[]> FreeAsync()
    {
        Draw[] draws = await RoundAsync(0, Enumerable.Range(0, prompts.Count), _ => [], refuse: false);
        return [.. draws.Select(draw => draw.Tokens)];
    }

    /// <summary>
    /// The traces with their re-checks taken away: each is cut at its first re-check and drawn on from there, again and again where a
    /// re-check comes up. A step is drawn anew from its start, so this is the policy with the opening of a re-check masked.
    /// </summary>
    public async Task<IReadOnlyList<SampledToken>[]> WithoutRechecksAsync(IReadOnlyList<SampledToken>[] drawn)
    {
        IReadOnlyList<SampledToken>[] traces = [.. drawn.Select(BeforeRecheck)];
        int[] open = [.. Enumerable.Range(0, traces.Length).Where(index => traces[index].Count < drawn[index].Count)];
        for (uint round = 1; open.Length > 0; round++)
        {
            if (round > MostRounds)
                throw new InvalidOperationException($"{open.Length} traces came to nothing but re-checks in {MostRounds} draws");
            Draw[] draws = await RoundAsync(round, open, index => traces[index], refuse: true);
            foreach ((int index, Draw draw) in open.Zip(draws))
                traces[index] = draw.Tokens;
            open = [.. open.Zip(draws).Where(pair => pair.Second.Refused).Select(pair => pair.First)];
        }

        return traces;
    }

    // The round is part of every draw's key, so a step that is drawn anew is another draw.
    private async Task<Draw[]> RoundAsync(uint round, IEnumerable<int> indices, Func<int, IReadOnlyList<SampledToken>> prefix, bool refuse)
    {
        var draws = new List<Draw>();
        foreach (int index in indices)
        {
            var draw = new Draw(prefix(index), refuse);
            draws.Add(draw);
            await engine.SubmitAsync(
                new RolloutRequest(prompts[index].Text, (uint)index, round, Seed, policy, sampling, [new RolloutSlot(0, draw.Prefix)], draw, CancellationToken.None),
                CancellationToken.None);
        }

        await Task.WhenAll(draws.Select(draw => draw.Ended));
        return [.. draws];
    }

    private static IReadOnlyList<SampledToken> BeforeRecheck(IReadOnlyList<SampledToken> tokens)
    {
        int at = tokens.TakeWhile(token => token.Text != ArithmeticVocabulary.Check).Count();
        return [.. tokens.Take(at)];
    }

    private sealed class Draw(IReadOnlyList<SampledToken> prefix, bool refuse) : IRolloutObserver
    {
        private readonly List<SampledToken> _tokens = [.. prefix];
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<SampledToken> Prefix => prefix;

        public IReadOnlyList<SampledToken> Tokens => _tokens;

        public bool Refused { get; private set; }

        public Task Ended => _ended.Task;

        public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
        {
            Refused |= refuse && tokens.Any(token => token.Text == ArithmeticVocabulary.Check);
            if (!Refused)
                _tokens.AddRange(tokens);
            return !Refused;
        }

        public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens) => _ended.TrySetResult();

        public void OnFailed(string reason) => _ended.TrySetException(new InvalidOperationException(reason));
    }
}
