using System.Diagnostics;
using System.Globalization;
using Etr.Grains.Files;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Archive;
using Etr.Silo.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// How long a page waits for the history of a big run that nobody has in memory: from the archive, and from the record alone. The files are in
/// the system's page cache. <c>history [DIRECTORY]</c>; a directory that has the run already is used as it is.
/// </summary>
internal static class HistoryBenchmark
{
    private const int Times = 5;

    /// <summary>Runs it.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var big = new BigRun();
        string directory = args.Length > 0 ? args[0] : Directory.CreateTempSubdirectory("etr-big-").FullName;
        var run = new RunPlace("big", directory);
        string archive = RunArchive.FolderOf(run);
        if (!Directory.Exists(archive))
        {
            var writing = Stopwatch.StartNew();
            await big.WriteAsync(run, CancellationToken.None);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"written in {writing.Elapsed.TotalSeconds:0.0} s: {ArchivePart.Whole(archive).Count} parts, {ArchivePart.Whole(archive).Sum(part => part.Bytes) / 1048576.0:0.0} MiB of archive"));
        }

        await MeasureAsync("steps, archive", async () => (await ReadStepsAsync(run, big)).Count);
        await MeasureAsync("steps, manifests", async () =>
        {
            int found = 0;
            for (int step = 1; step <= big.Steps; step++)
                found += await StepManifest.ReadAsync(Path.Combine(run.Directory, "steps"), step, CancellationToken.None) is null ? 0 : 1;
            return found;
        });
        await MeasureAsync("rounds, archive", () => ReadRoundsAsync(run, big));
        string away = archive + "-away";
        Directory.Move(archive, away);
        try
        {
            await MeasureAsync("rounds, record", () => ReadRoundsAsync(run, big));
        }
        finally
        {
            Directory.Move(away, archive);
        }

        if (args.Length == 0)
            Directory.Delete(directory, recursive: true);
        return 0;
    }

    private static async Task MeasureAsync(string what, Func<Task<int>> read)
    {
        var (times, found) = (new List<double>(), 0);
        for (int i = 0; i < Times; i++)
        {
            var watch = Stopwatch.StartNew();
            found = await read();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {found} in {times.Order().ElementAt(Times / 2):0} ms (median of {Times}; the first {times[0]:0} ms, the fastest {times.Min():0} ms)"));
    }

    private static async Task<IReadOnlyList<StepSummary>> ReadStepsAsync(RunPlace run, BigRun big)
    {
        using RunArchive archive = Open();
        return await archive.ReadStepsAsync(run, 1, big.Steps);
    }

    private static async Task<int> ReadRoundsAsync(RunPlace run, BigRun big)
    {
        using RunArchive archive = Open();
        var prompts = new HashSet<int>();
        RoundPlace? before = null;
        do
        {
            RoundsPage page = await archive.ReadRoundsAsync(run, BigRun.Rewards, big.Steps, big.Prompts, before);
            prompts.UnionWith(page.Rounds.Select(round => round.Prompt));
            before = prompts.Count < big.Prompts ? page.Next : null;
        }
        while (before is not null);
        return prompts.Count;
    }

    private static RunArchive Open() => new(new ArchiveSettings(), () => [], TimeProvider.System, NullLogger<RunArchive>.Instance);
}
