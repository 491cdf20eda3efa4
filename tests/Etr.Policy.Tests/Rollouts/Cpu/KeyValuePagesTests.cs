using Etr.Policy.Pretraining;
using Etr.Policy.Rollouts.Cpu;

namespace Etr.Policy.Tests.Rollouts.Cpu;

public sealed class KeyValuePagesTests
{
    private const int InPage = KeyValuePages.PagePositions;

    [Fact]
    public void Sequences_that_fork_share_full_pages_and_copy_the_last()
    {
        using var pages = new KeyValuePages(PretrainRecipe.Model);
        var sequence = new CachedSequence(pages);
        sequence.Reserve(2 * InPage + 5);

        CachedSequence fork = sequence.Fork(2 * InPage + 5);

        Assert.Same(sequence[0], fork[0]);
        Assert.Same(sequence[1], fork[1]);
        Assert.NotSame(sequence[2], fork[2]);
        Assert.Equal(4, pages.Count);
    }

    [Fact]
    public void Pages_of_sequences_that_are_over_are_used_again_once_nobody_reads_them()
    {
        using var pages = new KeyValuePages(PretrainRecipe.Model);
        for (int round = 0; round < 10; round++)
        {
            var sequence = new CachedSequence(pages);
            sequence.Reserve(3 * InPage);
            CachedSequence fork = sequence.Fork(3 * InPage);
            fork.Reserve(3 * InPage + 1);
            sequence.Release();
            fork.Release();
        }

        Assert.Equal(4, pages.Count);
    }
}
