using System.Globalization;
using Etr.Core.Runs;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Training;

namespace Etr.Silo.Compare;

/// <summary>An arm with everything it names found and checked.</summary>
/// <param name="Name">The arm's name.</param>
/// <param name="Settings">What a run of it is told: key and value, for all keys that were named anywhere.</param>
/// <param name="Configuration">What that comes to.</param>
/// <param name="Estimator">Its advantage estimator.</param>
internal sealed record PlannedArm(string Name, IReadOnlyDictionary<string, string> Settings, RunConfiguration Configuration, string Estimator);

/// <summary>What is compared: every arm with every seed.</summary>
/// <param name="Arms">The arms.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="Out">The folder of everything, absolute.</param>
/// <param name="Jobs">Runs at once.</param>
/// <param name="Threads">Threads of each.</param>
/// <param name="Limit">Training time after which each ends; null for equal steps.</param>
/// <param name="Warnings">What a person should know.</param>
internal sealed record ComparePlan(
    IReadOnlyList<PlannedArm> Arms, IReadOnlyList<int> Seeds, string Out, int Jobs, int Threads, TimeSpan? Limit, IReadOnlyList<string> Warnings)
{
    private const int LongRun = 1_000_000;
    private const string StepsKey = "Etr:Run:Steps";
    private const string SeedKey = "Etr:Run:Seed";
    private const string ThreadsKey = "Etr:Policy:Threads";

    /// <summary>The runs, seeds outside: a series cut short still compares the arms.</summary>
    public IEnumerable<CompareJob> AllJobs => Seeds.SelectMany(seed => Arms.Select(arm => new CompareJob(arm, seed, Out)));

    /// <summary>Reads settings for each arm and opens what they name; starts nothing.</summary>
    /// <param name="read">Reads the settings with some laid over them.</param>
    /// <param name="arms">The arms.</param>
    /// <param name="request">The rest of what was asked for.</param>
    /// <exception cref="ConfigurationException">Some settings are wrong; it names all of them.</exception>
    /// <exception cref="CommandFailure">Something that the settings of all arms name is missing.</exception>
    public static ComparePlan Of(Func<IReadOnlyList<KeyValuePair<string, string?>>, EtrSettings> read, IReadOnlyList<Arm> arms, CompareRequest request)
    {
        var warnings = new List<string>();
        var problems = new List<string>();
        EtrSettings shared = read([]);
        string[] elsewhere = [.. shared.Named.Where(key => SettingSchema.Host.Any(setting => setting.Key == key)).Order(StringComparer.Ordinal)];
        if (elsewhere.Length > 0)
            warnings.Add($"every run has a directory and free ports of its own; ignored: {string.Join(", ", elsewhere)}");

        var planned = new List<PlannedArm>();
        foreach (Arm arm in arms)
        {
            try
            {
                planned.Add(Plan(read, arm, request.Limit));
            }
            catch (Exception e) when (e is ConfigurationException or CommandFailure or ArgumentException)
            {
                IEnumerable<string> found = e is ConfigurationException wrong ? wrong.Problems : [e.Message];
                (arm.Named ? problems : warnings).AddRange(found.Select(problem => $"arm {arm.Name}{(arm.Named ? "" : " is left out")}: {problem}"));
            }
        }

        if (problems.Count > 0)
            throw new ConfigurationException(problems);
        if (planned.Count == 0)
            throw new ConfigurationException(["no arm is left"]);
        int named = shared.Run.Policy.Threads;
        int jobs = Math.Clamp(request.Jobs ?? request.Cores / Math.Max(1, named), 1, planned.Count * request.Seeds.Count);
        int threads = named > 0 ? named : Math.Max(1, request.Cores / jobs);
        return new ComparePlan(planned, request.Seeds, Path.GetFullPath(request.Out), jobs, threads, request.Limit, warnings);
    }

    /// <summary>What a job's run is told.</summary>
    public IEnumerable<KeyValuePair<string, string>> SettingsOf(CompareJob job) =>
    [
        .. job.Arm.Settings.Where(setting => setting.Key is not (SeedKey or ThreadsKey)),
        new(SeedKey, job.Seed.ToString(CultureInfo.InvariantCulture)),
        new(ThreadsKey, Threads.ToString(CultureInfo.InvariantCulture)),
    ];

    private static PlannedArm Plan(Func<IReadOnlyList<KeyValuePair<string, string?>>, EtrSettings> read, Arm arm, TimeSpan? limit)
    {
        EtrSettings settings = read(arm.Settings);

        // Equal wall clock: the time ends a run, not its steps, unless a person wants both.
        if (limit is not null && !settings.Named.Contains(StepsKey))
            settings = read([.. arm.Settings, new(StepsKey, LongRun.ToString(CultureInfo.InvariantCulture))]);
        RunPlan plan = RunPlan.Of(settings.Run);
        Dictionary<string, string> named = SettingSchema.Run
            .Where(setting => settings.Named.Contains(setting.Key) && setting.Key != SeedKey)
            .ToDictionary(setting => setting.Key, setting => Text(setting, settings.Run), StringComparer.Ordinal);
        return new PlannedArm(arm.Name, named, settings.Run, plan.Rewards.Estimator.Name);
    }

    private static string Text(Setting setting, RunConfiguration configuration) =>
        Convert.ToString(setting.Of(configuration), CultureInfo.InvariantCulture) ?? "";
}

/// <summary>What <c>etr compare</c> was asked for, beside arms and settings.</summary>
internal sealed record CompareRequest
{
    /// <summary>The seeds.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>The folder of everything.</summary>
    public required string Out { get; init; }

    /// <summary>Runs at once; null for as many as there are cores for.</summary>
    public int? Jobs { get; init; }

    /// <summary>Cores of the machine.</summary>
    public int Cores { get; init; } = Environment.ProcessorCount;

    /// <summary>Training time after which each run ends; null for equal steps.</summary>
    public TimeSpan? Limit { get; init; }
}
