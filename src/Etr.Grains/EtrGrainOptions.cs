using System.ComponentModel.DataAnnotations;

namespace Etr.Grains;

/// <summary>How often grains look after themselves. The defaults suit one machine and a cluster alike.</summary>
public sealed class EtrGrainOptions
{
    /// <summary>How often a sampler tells the pool that it lives. The default value is 2 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>After how long without a heartbeat a sampler counts as lost. The default value is 6 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.030", "00:10:00")]
    public TimeSpan HeartbeatExpiry { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>How often a run touches its open groups, so that an outbox whose host died is woken. The default value is 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan Touch { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Progress of a group is persisted at most this often. The default value is 250 milliseconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan Progress { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a group waits for a free slot before it says so and asks again. The default value is 4 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:08")]
    public TimeSpan SlotWait { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a policy update, or writing it down, may take before its trainer is given up. The default value is 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Training { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Where runs write TensorBoard event files, each into a folder of its name; empty writes into the run's own directory, null nowhere. The
    /// default value is null.
    /// </summary>
    public string? EventsDirectory { get; set; }

    /// <summary>First pause before something that failed is tried again; it doubles up to <see cref="Touch"/>. The default value is 200 milliseconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan Retry { get; set; } = TimeSpan.FromMilliseconds(200);
}
