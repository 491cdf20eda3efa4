using System.Globalization;
using System.Text;
using Etr.Core.Extensions;
using Etr.Core.Files;
using Etr.Core.Runs;
using Etr.Silo.Cli;
using Etr.Silo.Store;

namespace Etr.Silo.Training;

/// <summary>A run's directory, and what is kept in it outside the cluster's store.</summary>
internal sealed class StoredRun
{
    private const long LargestConfiguration = 1 << 20;

    private StoredRun(string name, string directory) => (Name, Directory) = (name, directory);

    /// <summary>The run's name.</summary>
    public string Name { get; }

    /// <summary>Its directory, absolute.</summary>
    public string Directory { get; }

    /// <summary>The evaluation of its starting policy.</summary>
    public string BeforeFile => Path.Combine(Directory, "evaluation-before.json");

    /// <summary>The evaluation of its last policy.</summary>
    public string AfterFile => Path.Combine(Directory, "evaluation-after.json");

    private string ConfigurationFile => Path.Combine(Directory, "configuration.json");

    /// <summary>Makes the directory of a new run, named for the moment and its shaper, and keeps its configuration there.</summary>
    public static async Task<StoredRun> CreateAsync(DataDirectory data, RunConfiguration configuration, TimeProvider time, CancellationToken cancellationToken)
    {
        string moment = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        string name = $"{moment}-{ShaperOf(configuration.Reward)}";
        for (int again = 2; System.IO.Directory.Exists(data.Run(name)); again++)
            name = $"{moment}-{ShaperOf(configuration.Reward)}-{again}";
        var run = new StoredRun(name, data.Run(name));
        await run.KeepAsync(configuration, cancellationToken);
        return run;
    }

    /// <summary>Keeps what its configuration has become, now that what it names is in the run's own directory.</summary>
    public Task KeepAsync(RunConfiguration configuration, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(ConfigurationFile, Encoding.UTF8.GetBytes(RunConfigurationJson.Write(configuration)), cancellationToken);

    // A class of one's own has a colon in its name, which no file name has everywhere.
    private static string ShaperOf(RewardOptions reward) =>
        reward.Mix.Length > 0 ? "mix" : ExtensionNames.TryParse(reward.Shaper, out string typeName) ? typeName.Split('.', '+')[^1] : reward.Shaper;

    /// <summary>Opens a run that was started before.</summary>
    /// <exception cref="CommandFailure">There is none of that name.</exception>
    public static StoredRun Open(DataDirectory data, string name)
    {
        var run = new StoredRun(name, data.Run(name));
        if (name.Length > 0 && name == Path.GetFileName(name) && File.Exists(run.ConfigurationFile))
            return run;
        IReadOnlyList<string> known = data.Runs();
        string hint = known.Count == 0 ? "there are none" : $"there are {string.Join(", ", known.Take(5))}";
        throw new CommandFailure($"there is no run '{name}' in {data.Root}: {hint}");
    }

    /// <summary>The configuration it was started with.</summary>
    /// <exception cref="CommandFailure">The file cannot be read.</exception>
    public RunConfiguration Configuration()
    {
        try
        {
            return new FileInfo(ConfigurationFile).Length <= LargestConfiguration
                ? RunConfigurationJson.Read(File.ReadAllText(ConfigurationFile))
                : throw new InvalidDataException("it is larger than any configuration");
        }
        catch (InvalidDataException e)
        {
            throw new CommandFailure($"{ConfigurationFile}: {e.Message}", inner: e);
        }
    }
}
