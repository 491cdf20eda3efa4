using Etr.Core.Rollouts;

namespace Etr.Core.Tests.Rollouts;

public sealed class EngineClockTests
{
    [Fact]
    public void Overlapping_work_of_two_roles_counts_once_in_the_union()
    {
        var time = new ManualTime();
        var clock = new EngineClock(time);

        using (clock.Begin(EngineRole.Sampler))
        {
            time.Advance(3);
            using (clock.Begin(EngineRole.Learner))
            {
                time.Advance(2);
            }
        }

        time.Advance(5);
        Assert.Equal(TimeSpan.FromSeconds(5), clock.Busy(EngineRole.Sampler));
        Assert.Equal(TimeSpan.FromSeconds(2), clock.Busy(EngineRole.Learner));
        Assert.Equal(TimeSpan.FromSeconds(5), clock.BusyAny);
        Assert.Equal(TimeSpan.FromSeconds(10), clock.Wall);
    }

    [Fact]
    public void Work_in_progress_is_counted_up_to_now()
    {
        var time = new ManualTime();
        var clock = new EngineClock(time);
        using EngineClock.Interval work = clock.Begin(EngineRole.Learner);
        time.Advance(4);

        Assert.Equal(TimeSpan.FromSeconds(4), clock.Busy(EngineRole.Learner));
        Assert.Equal(TimeSpan.Zero, clock.Busy(EngineRole.Sampler));
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _ticks;

        public void Advance(long seconds) => _ticks += seconds;
    }
}
