namespace Etr.Cluster.Tests;

/// <summary>Starts the program under test, which lies beside the tests.</summary>
internal static class EtrProcess
{
    // One run at a time on a small machine: threads that spin would starve their neighbours.
    private static readonly KeyValuePair<string, string> Passive = new("OMP_WAIT_POLICY", "PASSIVE");

    /// <summary>Starts it.</summary>
    public static ChildProcess Start(params string[] arguments) => Start(arguments, []);

    /// <summary>Starts it with variables of its own.</summary>
    public static ChildProcess Start(IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment) =>
        ChildProcess.Start(Path.Combine(AppContext.BaseDirectory, "etr"), arguments, [Passive, .. environment]);

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        await using ChildProcess etr = Start(arguments);
        int code = await etr.EndAsync();
        return (code, etr.Transcript);
    }
}
