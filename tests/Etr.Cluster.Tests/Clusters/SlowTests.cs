namespace Etr.Cluster.Tests.Clusters;

/// <summary>The switch for tests that take long, or that repeat on another store what one store shows already.</summary>
public static class SlowTests
{
    /// <summary>Why such a test is skipped.</summary>
    public const string Reason = "takes long: ETR_SLOW=1 runs it";

    /// <summary>Whether the switch is on.</summary>
    public static bool Wanted => Environment.GetEnvironmentVariable("ETR_SLOW") == "1";
}
