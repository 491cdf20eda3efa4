using System.Diagnostics;
using System.Globalization;

namespace Etr.Benchmarks.MainJobs;

/// <summary>
/// Runs the main job over shapers and seeds, one process after the other, and prints the table of the README. A summary that
/// is already there is not made again, so an interrupted series goes on where it stopped.
/// </summary>
internal static class MainJobRunner
{
    private const string Usage = "main-job --out FOLDER [--shapers guarded,outcome,paper,reference] [--seeds 1,2,3] [--styles ABC] [--table-only]";

    public static async Task<int> RunAsync(string[] args)
    {
        string folder = Option(args, "--out", "");
        if (folder.Length == 0)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        string[] shapers = Option(args, "--shapers", "guarded,outcome,paper,reference").Split(',');
        int[] seeds = [.. Option(args, "--seeds", "1,2,3").Split(',').Select(seed => int.Parse(seed, CultureInfo.InvariantCulture))];
        string styles = Option(args, "--styles", "ABC");
        Directory.CreateDirectory(folder);

        // Seeds outside, so that a series cut short still compares the shapers.
        foreach (int seed in seeds)
        {
            foreach (string shaper in shapers)
            {
                string summary = Path.GetFullPath(Path.Combine(folder, $"{shaper}-{seed}.json"));
                if (File.Exists(summary) || args.Contains("--table-only"))
                    continue;
                if (await TrainAsync(shaper, seed, styles, folder, summary) is not 0 and int code)
                {
                    Console.Error.WriteLine($"{shaper}, seed {seed}: etr train ended with exit code {code}.");
                    return 1;
                }
            }
        }

        Console.WriteLine(MainJobTable.Of(shapers, [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)]));
        return 0;
    }

    private static async Task<int> TrainAsync(string shaper, int seed, string styles, string folder, string summary)
    {
        string data = Path.GetFullPath(Path.Combine(folder, "data"));
        var start = new ProcessStartInfo("dotnet", [
            "run", "-c", "Release", "--no-build", "--project", "src/Etr.Silo", "--",
            "train", "--exit", "--no-dashboard", "--shaper", shaper, "--seed", seed.ToString(CultureInfo.InvariantCulture),
            "--summary", summary, "--set", $"Etr:Data={data}", "--set", $"Etr:Task:Styles={styles}"])
        {
            WorkingDirectory = Root(),
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Etr.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("Run it from a checkout: Etr.sln was not found above the program.");
    }

    private static string Option(string[] args, string name, string otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
    }
}
