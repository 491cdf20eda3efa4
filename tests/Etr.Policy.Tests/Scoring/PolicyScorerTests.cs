using Etr.Core.Entropies;
using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Scoring;
using Etr.Policy.Tests.Rollouts;
using TorchSharp;

namespace Etr.Policy.Tests.Scoring;

public sealed class PolicyScorerTests : IDisposable
{
    private static readonly int[] Prompt = [3, 0, 16];
    private static readonly int[] Tokens = [7, 7, 2, 11, 5, 1];
    private readonly TinyModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(0.7)]
    [InlineData(1)]
    [InlineData(1.6)]
    public async Task A_tokens_figures_are_those_of_the_distribution_before_it(double temperature)
    {
        PolicyRef policy = _model.Version(1);
        await using PolicyScorer scorer = Scorer();

        TokenMeasure[] scored = await scorer.ScoreAsync(policy, Prompt, Tokens, temperature, TestContext.Current.CancellationToken);

        using DecoderWeights weights = DecoderWeights.Load(policy.File, _model.Config);
        using var decoder = new PlainDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        int[] sequence = [.. Prompt, .. Tokens];
        torch.Tensor logits = decoder.Forward(torch.tensor(sequence, torch.int64).unsqueeze(0))[0].detach().contiguous();
        Assert.Equal(Tokens.Length, scored.Length);
        for (int i = 0; i < Tokens.Length; i++)
        {
            TokenMeasure expected = TokenEntropy.Measure(logits[Prompt.Length + i - 1].data<float>().ToArray(), Tokens[i], temperature);
            Assert.Equal(expected.LogProbability, scored[i].LogProbability, 1e-4);
            Assert.Equal(expected.Entropy, scored[i].Entropy, 1e-4);
        }
    }

    [Fact]
    public async Task Each_trace_is_scored_by_the_version_that_drew_it_however_they_come()
    {
        PolicyRef[] versions = [_model.Version(1), _model.Version(2), _model.Version(3)];
        await using PolicyScorer scorer = Scorer();
        TokenMeasure[][] first = [.. await Task.WhenAll(versions.Select(version => scorer.ScoreAsync(version, Prompt, Tokens, 1, TestContext.Current.CancellationToken)))];
        TokenMeasure[][] again = [.. await Task.WhenAll(versions.Reverse().Select(version => scorer.ScoreAsync(version, Prompt, Tokens, 1, TestContext.Current.CancellationToken)))];

        Assert.Equal(first, again.Reverse());
        Assert.NotEqual(first[0], first[1]);
    }

    [Fact]
    public async Task A_trace_of_no_token_has_no_figure()
    {
        await using PolicyScorer scorer = Scorer();

        Assert.Empty(await scorer.ScoreAsync(_model.Version(1), Prompt, [], 1, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_no_trace_of_the_policy_is_refused()
    {
        await using PolicyScorer scorer = Scorer();
        PolicyRef policy = _model.Version(1);

        await Assert.ThrowsAsync<ArgumentException>(() => scorer.ScoreAsync(policy, [], Tokens, 1, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => scorer.ScoreAsync(policy, Prompt, [_model.Config.VocabularySize], 1, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<CheckpointException>(() => scorer.ScoreAsync(policy with { Sha256 = new string('0', 64) }, Prompt, Tokens, 1, TestContext.Current.CancellationToken));
    }

    private PolicyScorer Scorer() => new(_model.Config, TorchRuntime.Start("cpu", 1));
}
