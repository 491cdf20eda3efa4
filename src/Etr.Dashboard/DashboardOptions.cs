namespace Etr.Dashboard;

/// <summary>How patient and how eager the dashboard is.</summary>
internal sealed class DashboardOptions
{
    /// <summary>Where Orleans' own dashboard is served, for operators; null where it is not. The default value is null.</summary>
    public string? OrleansPage { get; set; }

    /// <summary>Longest wait for a grain's answer. The default value is 3 seconds.</summary>
    public TimeSpan CallDeadline { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Time between two readings of a run's status. The default value is 1 second.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Events of so long are taken in together. The default value is 50 milliseconds.</summary>
    public TimeSpan FeedInterval { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Time between two frames of the entropy wall. The default value is 200 milliseconds (5 Hz).</summary>
    public TimeSpan FrameInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The same where a person prefers reduced motion. The default value is 1 second.</summary>
    public TimeSpan CalmFrameInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Time between two re-sorts of the wall: cells that keep jumping can't be read. The default value is 2 seconds.</summary>
    public TimeSpan SortInterval { get; set; } = TimeSpan.FromSeconds(2);
}
