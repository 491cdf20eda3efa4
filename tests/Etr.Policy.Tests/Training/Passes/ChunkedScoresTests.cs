using Etr.Policy.Training.Passes;
using TorchSharp;

namespace Etr.Policy.Tests.Training.Passes;

/// <summary>Measures the process's memory, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(ChunkedScoresTests), DisableParallelization = true)]
[Collection(nameof(ChunkedScoresTests))]
public sealed class ChunkedScoresTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(1000)]
    public void Chunks_give_the_scores_and_gradients_of_the_whole(long rows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor hidden, torch.Tensor head, torch.Tensor targets) = Case(tokens: 100, vocabulary: 501, width: 24, torch.float64);
        torch.Tensor ofLogProbs = torch.linspace(-1, 1, 100, torch.float64);
        torch.Tensor ofEntropy = torch.linspace(2, -1, 100, torch.float64);

        TokenScores naive = TokenScores.Of(hidden.requires_grad_(true), head.requires_grad_(true), targets, entropyPulls: true);
        (naive.LogProbs.mul(ofLogProbs).sum() + naive.Entropy.mul(ofEntropy).sum()).backward();
        TokenScores scores = ChunkedScores.Forward(hidden, head, targets, rows);
        torch.Tensor headGradient = torch.ones_like(head, requires_grad: false);
        torch.Tensor gradient = ChunkedScores.Backward(hidden.detach(), head.detach(), headGradient, targets, (ofLogProbs, ofEntropy), rows);

        AssertClose(naive.LogProbs, scores.LogProbs);
        AssertClose(naive.Entropy, scores.Entropy);
        AssertClose(hidden.grad!, gradient);
        AssertClose(head.grad!, headGradient.sub(1));
    }

    [Fact]
    public void A_large_vocabulary_is_never_there_for_all_tokens_at_once()
    {
        Assert.SkipUnless(File.Exists("/proc/self/clear_refs"), "the peak of resident memory is read from /proc");
        using DisposeScope scope = torch.NewDisposeScope();
        // All logits at once are 600 MB, and naive scores hold several such tensors; a chunk is 16 MB.
        const int tokens = 1500;
        const int vocabulary = 100_000;
        (torch.Tensor hidden, torch.Tensor head, torch.Tensor targets) = Case(tokens, vocabulary, width: 8, torch.float32);
        torch.Tensor headGradient = torch.zeros_like(head);
        const long rows = (1L << 22) / vocabulary;
        ChunkedScores.Forward(hidden.narrow(0, 0, rows), head, targets.narrow(0, 0, rows), rows);

        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Peak();
        TokenScores scores = ChunkedScores.Forward(hidden, head, targets, rows);
        ChunkedScores.Backward(hidden, head, headGradient, targets, (scores.LogProbs, scores.Entropy), rows);
        Assert.InRange(Peak() - before, 0L, 500_000_000L);
    }

    private static (torch.Tensor Hidden, torch.Tensor Head, torch.Tensor Targets) Case(int tokens, int vocabulary, int width, torch.ScalarType type)
    {
        using torch.Generator generator = new(5);
        return (
            torch.randn([tokens, width], type, generator: generator), torch.randn([vocabulary, width], type, generator: generator).mul_(0.5),
            torch.arange(tokens, torch.int64).mul_(vocabulary / tokens));
    }

    private static long Peak() => long.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        System.Globalization.CultureInfo.InvariantCulture) * 1024;

    private static void AssertClose(torch.Tensor expected, torch.Tensor actual)
    {
        double gap = expected.sub(actual).abs().max().item<double>();
        Assert.True(gap <= 1e-12 * Math.Max(1.0, expected.abs().max().item<double>()), $"{gap:R}");
    }
}
