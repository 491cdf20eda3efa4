namespace Etr.Grains.Metrics;

/// <summary>A run of this silo, as far as its gauges want to know it.</summary>
internal interface IMeasuredRun
{
    /// <summary>The run's name.</summary>
    string Name { get; }

    /// <summary>Whether it runs here and now: asked from any thread.</summary>
    bool IsRunning { get; }
}
