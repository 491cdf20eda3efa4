using Etr.Core.Tasks;

namespace Etr.Core.Tests.Tasks;

public class PromptScheduleTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(256)]
    [InlineData(1000)]
    public void Every_epoch_deals_every_prompt_once(int prompts)
    {
        var schedule = new PromptSchedule(5, prompts);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            long start = (long)epoch * prompts;
            int[] dealt = [.. Enumerable.Range(0, prompts).Select(place => schedule.PromptOf(start + place))];
            Assert.Equal(Enumerable.Range(0, prompts), dealt.Order());
            Assert.Equal(epoch, schedule.RoundOf(start + prompts - 1));
        }
    }

    [Fact]
    public void Epochs_and_seeds_deal_in_different_orders()
    {
        static int[] Order(ulong seed, int epoch)
        {
            var schedule = new PromptSchedule(seed, 256);
            return [.. Enumerable.Range(256 * epoch, 256).Select(ordinal => schedule.PromptOf(ordinal))];
        }

        Assert.NotEqual(Order(1, 0), Order(1, 1));
        Assert.NotEqual(Order(1, 0), Order(2, 0));
        Assert.Equal(Order(1, 4), Order(1, 4));
    }

    [Fact]
    public void A_far_ordinal_of_a_large_set_is_found_at_once()
    {
        var schedule = new PromptSchedule(1, 10_000_000);
        Assert.InRange(schedule.PromptOf(123_456_789_012), 0, 9_999_999);
        Assert.Equal(12_345, schedule.RoundOf(123_456_789_012));
    }
}
