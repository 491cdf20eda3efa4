using Etr.Core.Rollouts;

namespace Etr.Silo.Training;

/// <summary>How busy the engines were over a stretch of time.</summary>
internal sealed class EngineUse
{
    private readonly EngineClock _clock;
    private readonly Reading _start;
    private Reading? _end;

    /// <summary>The stretch begins.</summary>
    public EngineUse(EngineClock clock) => (_clock, _start) = (clock, Reading.Of(clock));

    /// <summary>Time the sampler was busy.</summary>
    public TimeSpan Sampler => Now.Sampler - _start.Sampler;

    /// <summary>Time the learner was busy.</summary>
    public TimeSpan Learner => Now.Learner - _start.Learner;

    /// <summary>Share of the time in which the sampler was idle (0 to 1).</summary>
    public double SamplerIdle => Idle(Sampler);

    /// <summary>Share of the time in which the learner was idle (0 to 1).</summary>
    public double LearnerIdle => Idle(Learner);

    /// <summary>Share of the time in which either was busy (0 to 1).</summary>
    public double EngineShare => 1 - Idle(Now.Any - _start.Any);

    private Reading Now => _end ?? Reading.Of(_clock);

    /// <summary>The stretch ends.</summary>
    public void Stop() => _end ??= Reading.Of(_clock);

    private double Idle(TimeSpan busy)
    {
        TimeSpan wall = Now.Wall - _start.Wall;
        return wall <= TimeSpan.Zero ? 0 : Math.Clamp(1 - busy / wall, 0, 1);
    }

    private readonly record struct Reading(TimeSpan Wall, TimeSpan Sampler, TimeSpan Learner, TimeSpan Any)
    {
        public static Reading Of(EngineClock clock) => new(clock.Wall, clock.Busy(EngineRole.Sampler), clock.Busy(EngineRole.Learner), clock.BusyAny);
    }
}
